"""A recurrent network of characters, by hand, with the hidden state passed along."""

import torch
import torch.nn as nn

text = "hello world, said the little recurrent network to the wide world. "
chars = sorted(set(text))
index = {c: i for i, c in enumerate(chars)}
torch.manual_seed(5)


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.i2h = nn.Linear(input_size + hidden_size, hidden_size)
        self.i2o = nn.Linear(input_size + hidden_size, output_size)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, input, hidden):
        combined = torch.cat((input, hidden), 1)
        hidden = torch.tanh(self.i2h(combined))
        return self.softmax(self.i2o(combined)), hidden

    def initHidden(self):
        return torch.zeros(1, self.hidden_size)


def line_to_tensor(line):
    tensor = torch.zeros(len(line), 1, len(chars))
    for i, letter in enumerate(line):
        tensor[i][0][index[letter]] = 1
    return tensor


rnn = RNN(len(chars), 24, len(chars))
criterion = nn.NLLLoss()
inputs = line_to_tensor(text[:-1])
targets = torch.tensor([index[c] for c in text[1:]], dtype=torch.long)
for iteration in range(15):
    hidden = rnn.initHidden()
    rnn.zero_grad()
    loss = 0
    for i in range(inputs.size(0)):
        output, hidden = rnn(inputs[i], hidden)
        loss += criterion(output, targets[i].unsqueeze(-1))
    loss.backward()
    nn.utils.clip_grad_norm_(rnn.parameters(), 5.0)
    for p in rnn.parameters():
        p.data.add_(p.grad.data, alpha=-0.05)
    if iteration % 3 == 0:
        print("%d %.4f" % (iteration, loss.item() / inputs.size(0)))
topv, topi = output.topk(3)
print(topv, [chars[i] for i in topi[0].tolist()])
