"""A multilayer perceptron on a part of MNIST."""

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms

torch.manual_seed(42)
transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
train = Subset(datasets.MNIST("data", train=True, download=True, transform=transform), range(1000))
test = Subset(datasets.MNIST("data", train=False, transform=transform), range(300))
train_loader = DataLoader(train, batch_size=100, shuffle=True)
test_loader = DataLoader(test, batch_size=150)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(28 * 28, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = x.view(-1, 28 * 28)
        x = F.relu(self.fc1(x))
        return F.log_softmax(self.fc2(x), dim=1)


net = Net()
optimizer = optim.Adam(net.parameters(), lr=1e-3)
print(net)
for epoch in range(2):
    net.train()
    for i, (data, target) in enumerate(train_loader):
        optimizer.zero_grad()
        loss = F.nll_loss(net(data), target)
        loss.backward()
        optimizer.step()
        if i % 3 == 0:
            print(f"Train Epoch: {epoch} [{i * len(data)}/{len(train)}]\tLoss: {loss.item():.4f}")
    net.eval()
    correct, total_loss = 0, 0
    with torch.no_grad():
        for data, target in test_loader:
            output = net(data)
            total_loss += F.nll_loss(output, target, reduction="sum").item()
            pred = output.argmax(dim=1, keepdim=True)
            correct += pred.eq(target.view_as(pred)).sum().item()
    print(f"Test: average loss {total_loss / len(test):.4f}, accuracy {correct}/{len(test)}")
print(sum(p.numel() for p in net.parameters() if p.requires_grad))
