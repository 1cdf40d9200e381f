"""A language model of characters with Embedding, LSTM and truncated backpropagation."""

import torch
import torch.nn as nn
from torch.autograd import Variable

torch.manual_seed(11)
text = "the quick brown fox jumps over the lazy dog and the dog sleeps on " * 4
vocab = sorted(set(text))
data = torch.LongTensor([vocab.index(c) for c in text])


class CharLSTM(nn.Module):
    def __init__(self, n, hidden=32, layers=2):
        super().__init__()
        self.hidden, self.layers = hidden, layers
        self.embed = nn.Embedding(n, 16)
        self.lstm = nn.LSTM(16, hidden, layers, batch_first=True, dropout=0.1)
        self.decoder = nn.Linear(hidden, n)

    def forward(self, x, state):
        out, state = self.lstm(self.embed(x), state)
        return self.decoder(out), state

    def init_hidden(self, batch):
        return (
            Variable(torch.zeros(self.layers, batch, self.hidden)),
            Variable(torch.zeros(self.layers, batch, self.hidden)),
        )


model = CharLSTM(len(vocab))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
batch, length = 4, 16
rows = data[: data.numel() // batch * batch].view(batch, -1)
for epoch in range(3):
    state = model.init_hidden(batch)
    for start in range(0, rows.size(1) - length - 1, length):
        inputs, targets = rows[:, start : start + length], rows[:, start + 1 : start + 1 + length]
        state = tuple(s.detach() for s in state)
        output, state = model(inputs, state)
        loss = criterion(output.reshape(-1, len(vocab)), targets.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
    print(f"epoch {epoch}, loss {loss.item():.4f}, perplexity {torch.exp(loss):.3f}")
print(model)
model.eval()
with torch.no_grad():
    x, state = data[:1].unsqueeze(0), model.init_hidden(1)
    out = []
    for _ in range(20):
        logits, state = model(x, state)
        x = torch.multinomial(logits[:, -1].softmax(-1), 1)
        out.append(vocab[x.item()])
print("".join(out))
