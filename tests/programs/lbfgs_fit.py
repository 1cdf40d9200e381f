"""A curve fitted with LBFGS and a closure."""

import torch
import torch.nn as nn

torch.manual_seed(10)
x = torch.linspace(-2, 2, 40).reshape(-1, 1)
y = x.pow(3) - x
model = nn.Sequential(nn.Linear(1, 10), nn.Tanh(), nn.Linear(10, 1))
optimizer = torch.optim.LBFGS(model.parameters(), lr=0.5, max_iter=8, line_search_fn="strong_wolfe")
criterion = nn.MSELoss()


def closure():
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    return loss


for step in range(4):
    loss = optimizer.step(closure)
    print(step, f"{loss.item():.4f}")
