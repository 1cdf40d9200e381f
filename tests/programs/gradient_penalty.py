"""A critic whose gradient is kept near length one: a loss with a gradient in it."""

import torch
from torch import autograd, nn

torch.manual_seed(6)
critic = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
optimizer = torch.optim.RMSprop(critic.parameters(), lr=0.01)


def gradient_penalty(real, fake):
    alpha = torch.rand(real.size(0), 1).expand_as(real)
    between = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    scores = critic(between)
    (gradients,) = autograd.grad(
        outputs=scores, inputs=between, grad_outputs=torch.ones_like(scores), create_graph=True, retain_graph=True
    )
    return ((gradients.norm(2, dim=1) - 1) ** 2).mean()


for step in range(10):
    real = torch.randn(16, 2) + 2
    fake = torch.randn(16, 2)
    penalty = gradient_penalty(real, fake)
    loss = critic(fake).mean() - critic(real).mean() + 10 * penalty
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 3 == 0:
        print(f"{loss.item():.5f} {penalty.item():.5f}")

x = torch.linspace(0, 1, 5, requires_grad=True)
y = torch.sin(3 * x)
dy = autograd.grad(y.sum(), x, create_graph=True)[0]
d2y = autograd.grad(dy.sum(), x, create_graph=True)[0]
print(dy, d2y, (d2y + 9 * y).abs().max().item() < 1e-5)
