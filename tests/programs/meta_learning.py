"""A step of meta-learning: second order through an update."""

import torch
import torch.nn.functional as F

torch.manual_seed(8)
w1 = torch.randn(20, 1, requires_grad=True)
b1 = torch.zeros(20, requires_grad=True)
w2 = (torch.randn(1, 20) * 0.2).requires_grad_()
b2 = torch.zeros(1, requires_grad=True)
params = [w1, b1, w2, b2]
optimizer = torch.optim.Adam(params, lr=0.01)


def net(x, p):
    return F.linear(torch.tanh(F.linear(x, p[0], p[1])), p[2], p[3])


for step in range(6):
    meta_loss = 0.0
    for task in range(3):
        phase, amplitude = torch.rand(1) * 3, torch.rand(1) * 4 + 0.1
        x = torch.rand(10, 1) * 10 - 5
        y = amplitude * torch.sin(x + phase)
        grads = torch.autograd.grad(F.mse_loss(net(x, params), y), params, create_graph=True)
        fast = [p - 0.01 * g for p, g in zip(params, grads)]
        x2 = torch.rand(10, 1) * 10 - 5
        meta_loss = meta_loss + F.mse_loss(net(x2, fast), amplitude * torch.sin(x2 + phase))
    optimizer.zero_grad()
    meta_loss.backward()
    optimizer.step()
    print(f"{step} {meta_loss.item() / 3:.5f} {w1.grad.norm():.5f}")
