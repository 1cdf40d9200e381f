"""Word vectors by skip-grams with negative samples."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(2)
corpus = [
    "he",
    "is",
    "a",
    "king",
    "she",
    "is",
    "a",
    "queen",
    "he",
    "is",
    "a",
    "man",
    "she",
    "is",
    "a",
    "woman",
    "warsaw",
    "is",
    "poland",
    "capital",
    "berlin",
    "is",
    "germany",
    "capital",
]
vocab = list(dict.fromkeys(corpus))
word2idx = {w: i for i, w in enumerate(vocab)}
pairs = [
    (word2idx[corpus[i]], word2idx[corpus[j]])
    for i in range(len(corpus))
    for j in range(max(0, i - 2), min(len(corpus), i + 3))
    if i != j
]
pairs = torch.tensor(pairs)


class SkipGram(nn.Module):
    def __init__(self, n, dim):
        super().__init__()
        self.u = nn.Embedding(n, dim)
        self.v = nn.Embedding(n, dim)
        self.u.weight.data.uniform_(-0.5 / dim, 0.5 / dim)
        nn.init.xavier_normal_(self.v.weight)

    def forward(self, centre, context, negative):
        u = self.u(centre)
        score = F.logsigmoid(torch.sum(u * self.v(context), dim=1))
        negative_score = torch.bmm(self.v(negative), u.unsqueeze(2)).squeeze(2)
        return -(score + F.logsigmoid(-negative_score).sum(1)).mean()


model = SkipGram(len(vocab), 8)
optimizer = torch.optim.Adagrad(model.parameters(), lr=0.5)
counts = torch.bincount(pairs[:, 1], minlength=len(vocab)).float() ** 0.75
for epoch in range(6):
    order = torch.randperm(len(pairs))
    total = 0.0
    for chunk in order.chunk(4):
        centre, context = pairs[chunk].t()
        negative = torch.multinomial(counts, len(chunk) * 3, replacement=True).view(-1, 3)
        optimizer.zero_grad()
        loss = model(centre, context, negative)
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(epoch, round(total, 4))
vectors = F.normalize(model.u.weight.detach(), dim=1)
similar = vectors @ vectors[word2idx["king"]]
values, places = similar.sort(descending=True)
print([vocab[i] for i in places[:3]], values[:3])
print(F.cosine_similarity(vectors[0:1], vectors[1:3]))
