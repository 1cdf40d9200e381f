"""Policy gradients on a two-armed choice, with Categorical."""

import torch
import torch.nn as nn
from torch.distributions import Categorical

torch.manual_seed(12)
policy = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2), nn.Softmax(dim=-1))
optimizer = torch.optim.Adam(policy.parameters(), lr=0.05)
eps = torch.finfo(torch.float32).eps
for episode in range(10):
    log_probs, rewards = [], []
    for t in range(8):
        state = torch.randn(3)
        m = Categorical(policy(state.unsqueeze(0)))
        action = m.sample()
        log_probs.append(m.log_prob(action))
        rewards.append(1.0 if (state.sum() > 0) == bool(action.item()) else -0.2)
    R, returns = 0, []
    for r in rewards[::-1]:
        R = r + 0.5 * R
        returns.insert(0, R)
    returns = torch.tensor(returns)
    returns = (returns - returns.mean()) / (returns.std() + eps)
    loss = torch.cat([-lp * R for lp, R in zip(log_probs, returns)]).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if episode % 3 == 0:
        print(f"{episode} {sum(rewards):.2f} {loss.item():.4f} {m.entropy().item():.4f}")
