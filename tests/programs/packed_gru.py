"""Sentences of unequal length, classified by a two-way GRU over packed sequences."""

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

torch.manual_seed(13)
sentences = [torch.randint(1, 20, (n,)) for n in (3, 7, 5, 4, 6, 2)]
labels = torch.tensor([s.sum().item() % 2 for s in sentences])
lengths = torch.tensor([len(s) for s in sentences])
padded = pad_sequence(sentences, batch_first=True)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20, 8, padding_idx=0)
        self.gru = nn.GRU(8, 12, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(24, 2)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.embedding(x), lengths, batch_first=True, enforce_sorted=False)
        output, hidden = self.gru(packed)
        output, _ = pad_packed_sequence(output, batch_first=True)
        return self.fc(torch.cat([hidden[-2], hidden[-1]], dim=1)), output


model = Classifier()
optimizer = torch.optim.AdamW(model.parameters(), lr=0.02)
for epoch in range(8):
    logits, output = model(padded, lengths)
    loss = nn.functional.cross_entropy(logits, labels)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_value_(model.parameters(), 0.5)
    optimizer.step()
    if epoch % 2 == 0:
        print(f"{epoch} {loss.item():.5f} {(logits.argmax(1) == labels).float().mean():.2f}")
print(output.shape, model.embedding.weight[0], list(model.state_dict())[:5])
