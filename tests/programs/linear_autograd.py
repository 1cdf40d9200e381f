"""Linear regression with nothing but autograd."""

import torch

torch.manual_seed(0)
x = torch.linspace(-1, 1, 50).unsqueeze(1)
y = 3 * x - 0.7 + 0.1 * torch.randn(x.size())
w = torch.randn(1, 1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
learning_rate = 0.2

for epoch in range(40):
    prediction = x @ w + b
    loss = ((prediction - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= learning_rate * w.grad
        b -= learning_rate * b.grad
        w.grad.zero_()
        b.grad = None
    if epoch % 8 == 0:
        print(f"epoch {epoch}: loss {loss:.5f}")
print("w = %.4f, b = %.4f" % (w, b))
print(w, b)
