"""Linear regression with a module, a loader and an optimizer; the weights saved and loaded."""

import os
import tempfile

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
X = torch.rand(64, 3)
y = X @ torch.tensor([[1.0], [-2.0], [0.5]]) + 0.3
loader = DataLoader(TensorDataset(X, y), batch_size=10, shuffle=True)
model = nn.Linear(in_features=3, out_features=1)
criterion = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.5)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = model.to(device)

for epoch in range(6):
    total = 0.0
    for inputs, targets in loader:
        inputs, targets = inputs.to(device), targets.to(device)
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()
        total += loss.item() * inputs.size(0)
    print(f"epoch {epoch + 1:2d} loss {total / len(loader.dataset):.6f}")

path = os.path.join(tempfile.mkdtemp(), "model.pt")
torch.save({"epoch": 6, "model": model.state_dict(), "optimizer": optimizer.state_dict()}, path)
checkpoint = torch.load(path)
again = nn.Linear(3, 1)
print(again.load_state_dict(checkpoint["model"]), checkpoint["epoch"])
again.eval()
with torch.no_grad():
    print(again(X[:3]).squeeze().tolist(), torch.allclose(again(X), model(X)))
print(model)
for name, p in model.named_parameters():
    print(name, tuple(p.shape), p.requires_grad, p.numel())
