"""What a first lesson shows: making, printing, indexing, reshaping tensors."""

import numpy as np
import torch

torch.manual_seed(0)
x = torch.rand(5, 3)
print(x)
print(torch.zeros(2, 3, dtype=torch.long), torch.tensor([5.5, 3]), x.size(), x.dtype)
print(torch.randn(2, 2) * 1000, torch.tensor([1e-7, 1.0]), torch.arange(12).reshape(3, 4))
print(x[:, 1], x[x > 0.7], x[1:3, ::2], x[-1, None].shape, x[..., 0])
y = x.new_ones(5, 3, dtype=torch.double)
print(y.dtype, torch.add(x, y)[0], (x + y).dtype, x.T.shape, x.t().is_contiguous())
a = torch.ones(5)
b = a.numpy()
a.add_(1)
print(a, b, torch.from_numpy(np.ones(3)))
z = x.view(15)
z[0] = -1
print(x[0, 0].item(), x.sum(dim=0), x.mean(1, keepdim=True).shape, x.max(dim=1), x.argmax())
print(torch.cat([x, x], dim=1).shape, torch.stack([x, x]).shape, x.unsqueeze(0).shape, x.permute(1, 0).stride())
w = torch.tensor([1.0, 2.0], requires_grad=True)
print(w * 2, (w * 2).sum(), w.exp().mean(), torch.where(w > 1, w, 0.0))
values, indices = torch.sort(torch.tensor([3, 1, 2]), descending=True)
print(values, indices, torch.unique(torch.tensor([2, 1, 2])), torch.tensor([[1, 2], [3, 4]]).prod())
print(torch.allclose(x @ x.T, torch.einsum("ij,kj->ik", x, x)), torch.eye(2), torch.linspace(0, 1, 5))
print(
    torch.tensor(3) / 2,
    torch.tensor(7) // 2,
    torch.tensor(-7) % 3,
    2 ** torch.arange(4),
    -torch.ones(2),
    ~torch.tensor([True]),
)
print(torch.triu(torch.ones(3, 3)), torch.full((2,), 7), torch.tensor([True, False]) & torch.tensor([True, True]))
print(torch.rand(3, 4, 5).std(), torch.randperm(6), torch.randint(3, 10, (4,)), torch.bernoulli(torch.full((4,), 0.5)))
print(torch.clamp(torch.tensor([-2.0, 0.5, 3.0]), -1, 1), torch.linalg.norm(torch.tensor([3.0, 4.0])), x.float().norm())
print(
    torch.gather(torch.tensor([[1, 2], [3, 4]]), 1, torch.tensor([[0, 0], [1, 0]])),
    torch.zeros(2, 3).scatter_(1, torch.tensor([[0], [2]]), 1.0),
)
print(torch.tensor([[1.0, float("nan")], [float("inf"), -2.5]]), torch.zeros(0), torch.empty(2, 0).shape)
