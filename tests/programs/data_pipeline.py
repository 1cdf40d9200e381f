"""Data sets and loaders: lists of unequal length, a collate function, a split, weights."""

import numpy as np
import torch
from torch.utils.data import ConcatDataset, DataLoader, Dataset, Subset, WeightedRandomSampler, random_split

torch.manual_seed(0)


class Sentences(Dataset):
    def __init__(self, n):
        self.items = [(list(range(1, i % 5 + 2)), i % 2) for i in range(n)]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        words, label = self.items[i]
        return {"words": torch.tensor(words), "label": label, "weight": np.float32(i) / 2}


def collate(batch):
    width = max(len(item["words"]) for item in batch)
    padded = torch.zeros(len(batch), width, dtype=torch.long)
    for i, item in enumerate(batch):
        padded[i, : len(item["words"])] = item["words"]
    return padded, torch.tensor([item["label"] for item in batch], dtype=torch.float32)


data = Sentences(11)
for words, labels in DataLoader(data, batch_size=4, shuffle=True, collate_fn=collate, drop_last=True):
    print(words.tolist(), labels)
train, valid = random_split(data, [8, 3])
print(len(train), len(valid), [item["label"] for item in valid])
batch = next(iter(DataLoader(Subset(data, [0, 5, 10]), batch_size=3)))
print(batch)
print(len(ConcatDataset([data, data])), len(DataLoader(data, batch_size=4)))
sampler = WeightedRandomSampler([0.1, 0.9, 0.5, 0.0], 10, replacement=True)
print(list(sampler))
loader = DataLoader(range(6), batch_size=2, shuffle=True, generator=torch.Generator().manual_seed(3), num_workers=0)
print([b.tolist() for b in loader], [b.tolist() for b in loader])
