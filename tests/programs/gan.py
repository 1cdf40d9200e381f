"""A generative adversarial network that learns a normal distribution."""

import torch
import torch.nn as nn

torch.manual_seed(9)
G = nn.Sequential(nn.Linear(4, 16), nn.LeakyReLU(0.2, inplace=True), nn.Linear(16, 1))
D = nn.Sequential(nn.Linear(1, 16), nn.ELU(), nn.Linear(16, 1), nn.Sigmoid())
criterion = nn.BCELoss()
d_optimizer = torch.optim.Adam(D.parameters(), lr=0.01, betas=(0.5, 0.999))
g_optimizer = torch.optim.Adam(G.parameters(), lr=0.01, betas=(0.5, 0.999))
real_labels, fake_labels = torch.ones(32, 1), torch.zeros(32, 1)
for step in range(20):
    real = torch.normal(4.0, 1.25, size=(32, 1))
    d_loss_real = criterion(D(real), real_labels)
    fake = G(torch.randn(32, 4))
    d_loss_fake = criterion(D(fake.detach()), fake_labels)
    D.zero_grad()
    d_loss = d_loss_real + d_loss_fake
    d_loss.backward()
    d_optimizer.step()

    for p in D.parameters():
        p.requires_grad_(False)
    g_loss = criterion(D(G(torch.randn(32, 4))), real_labels)
    G.zero_grad()
    g_loss.backward()
    g_optimizer.step()
    for p in D.parameters():
        p.requires_grad_(True)
    if step % 5 == 0:
        print(f"[{step}] D {d_loss.item():.4f} G {g_loss.item():.4f} mean {fake.mean():.3f} std {fake.std():.3f}")
