"""A transformer encoder that learns to copy the first token."""

import math

import torch
import torch.nn as nn

torch.manual_seed(14)


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=50):
        super().__init__()
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, 1, d_model)
        pe[:, 0, 0::2] = torch.sin(position * div_term)
        pe[:, 0, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe)

    def forward(self, x):
        return x + self.pe[: x.size(0)]


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(12, 16)
        self.position = PositionalEncoding(16)
        layer = nn.TransformerEncoderLayer(d_model=16, nhead=4, dim_feedforward=32, dropout=0.0)
        self.encoder = nn.TransformerEncoder(layer, num_layers=2)
        self.out = nn.Linear(16, 12)

    def forward(self, x):
        mask = nn.Transformer.generate_square_subsequent_mask(x.size(0))
        h = self.encoder(self.position(self.embed(x) * math.sqrt(16)), mask=mask)
        return self.out(h)


model = Model()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
for step in range(10):
    x = torch.randint(0, 12, (6, 8))
    loss = nn.CrossEntropyLoss()(model(x)[-1], x[0])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 3 == 0:
        print(f"{step} {loss.item():.4f}")
attention = nn.MultiheadAttention(16, 2, batch_first=True)
out, weights = attention(torch.ones(1, 3, 16), torch.randn(1, 4, 16), torch.randn(1, 4, 16))
print(out.shape, weights)
