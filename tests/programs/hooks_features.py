"""Features and gradients of layers within, seen through hooks; some layers frozen."""

from collections import OrderedDict

import torch
import torch.nn as nn

torch.manual_seed(4)
model = nn.Sequential(
    OrderedDict(
        [
            ("conv", nn.Conv2d(3, 4, 3)),
            ("relu", nn.ReLU()),
            ("pool", nn.AdaptiveAvgPool2d(1)),
            ("flat", nn.Flatten()),
            ("head", nn.Linear(4, 2)),
        ]
    )
)
features, gradients = {}, {}


def save(name):
    def hook(module, inputs, output):
        features[name] = output.detach()

    return hook


def save_gradient(name):
    def hook(module, grad_input, grad_output):
        gradients[name] = grad_output[0].detach()

    return hook


handles = [layer.register_forward_hook(save(name)) for name, layer in model.named_children()]
model.relu.register_full_backward_hook(save_gradient("relu"))
x = torch.randn(2, 3, 8, 8, requires_grad=True)
x.register_hook(lambda g: g * 2)
score = model(x)
score[:, 1].sum().backward()
for name, feature in features.items():
    print(name, tuple(feature.shape), round(feature.abs().mean().item(), 5))
print(gradients["relu"].shape, gradients["relu"].sum(), x.grad.abs().max())
weights = gradients["relu"].mean(dim=(2, 3), keepdim=True)
cam = (weights * features["relu"]).sum(1).clamp(min=0)
print(cam.shape, cam.max())
for handle in handles:
    handle.remove()
for name, p in model.named_parameters():
    p.requires_grad = name.startswith("head")
trainable = filter(lambda p: p.requires_grad, model.parameters())
optimizer = torch.optim.SGD(trainable, lr=0.1)
loss = nn.CrossEntropyLoss()(model(x.detach()), torch.tensor([0, 1]))
optimizer.zero_grad()
loss.backward()
optimizer.step()
print(loss, [p.grad is None for p in model.parameters()] if False else model.head.bias)
hidden = torch.ones(3, requires_grad=True) * 2
hidden.retain_grad()
(hidden**2).sum().backward()
print(hidden.grad, hidden.is_leaf)
