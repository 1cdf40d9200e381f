"""A language model of letters with a table of embeddings and batch normalisation made by hand."""

import torch
import torch.nn.functional as F

words = [
    "emma",
    "olivia",
    "ava",
    "isabella",
    "sophia",
    "charlotte",
    "mia",
    "amelia",
    "harper",
    "evelyn",
    "abigail",
    "emily",
]
chars = sorted(set("".join(words)))
stoi = {s: i + 1 for i, s in enumerate(chars)}
stoi["."] = 0
block, vocab = 3, len(stoi)
X, Y = [], []
for w in words:
    context = [0] * block
    for ch in w + ".":
        X.append(context)
        Y.append(stoi[ch])
        context = context[1:] + [stoi[ch]]
X, Y = torch.tensor(X), torch.tensor(Y)
print(X.shape, Y.shape, X.dtype)

g = torch.Generator().manual_seed(2147483647)
C = torch.randn((vocab, 6), generator=g)
W1 = torch.randn((6 * block, 40), generator=g) * (5 / 3) / ((6 * block) ** 0.5)
W2 = torch.randn((40, vocab), generator=g) * 0.01
b2 = torch.randn(vocab, generator=g) * 0
bngain, bnbias = torch.ones((1, 40)), torch.zeros((1, 40))
bnmean_running, bnstd_running = torch.zeros((1, 40)), torch.ones((1, 40))
parameters = [C, W1, W2, b2, bngain, bnbias]
print(sum(p.nelement() for p in parameters))
for p in parameters:
    p.requires_grad = True

for i in range(60):
    ix = torch.randint(0, X.shape[0], (32,), generator=g)
    emb = C[X[ix]]
    embcat = emb.view(emb.shape[0], -1)
    hpreact = embcat @ W1
    bnmeani = hpreact.mean(0, keepdim=True)
    bnstdi = hpreact.std(0, keepdim=True)
    hpreact = bngain * (hpreact - bnmeani) / bnstdi + bnbias
    with torch.no_grad():
        bnmean_running = 0.9 * bnmean_running + 0.1 * bnmeani
        bnstd_running = 0.9 * bnstd_running + 0.1 * bnstdi
    h = torch.tanh(hpreact)
    logits = h @ W2 + b2
    loss = F.cross_entropy(logits, Y[ix])
    for p in parameters:
        p.grad = None
    loss.backward()
    for p in parameters:
        p.data += -0.1 * p.grad
    if i % 15 == 0:
        print(f"{i:7d}: {loss.item():.4f}, saturated {(h.abs() > 0.97).float().mean():.4f}")


@torch.no_grad()
def split_loss(x, y):
    emb = C[x]
    h = torch.tanh(bngain * (emb.view(len(x), -1) @ W1 - bnmean_running) / bnstd_running + bnbias)
    print(F.cross_entropy(h @ W2 + b2, y).item())


split_loss(X, Y)
