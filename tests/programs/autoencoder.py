"""A convolutional autoencoder of random pictures."""

import torch
import torch.nn as nn

torch.manual_seed(0)
images = torch.rand(32, 1, 16, 16)


class AutoEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU(True),
            nn.Conv2d(8, 4, 3, stride=2, padding=1), nn.LeakyReLU(0.2),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(4, 8, 2, stride=2), nn.ReLU(), nn.Upsample(scale_factor=2, mode="nearest"),
            nn.Conv2d(8, 1, 3, padding=1), nn.Sigmoid(),
        )  # fmt: skip

    def forward(self, x):
        return self.decoder(self.encoder(x))


def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Conv") != -1:
        m.weight.data.normal_(0.0, 0.1)
    elif classname.find("BatchNorm") != -1:
        m.weight.data.normal_(1.0, 0.02)
        m.bias.data.fill_(0)


model = AutoEncoder()
model.apply(weights_init)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, betas=(0.9, 0.99), weight_decay=1e-5)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=4, gamma=0.5)
loss_fn = nn.MSELoss()
for step in range(10):
    optimizer.zero_grad()
    loss = loss_fn(model(images), images)
    loss.backward()
    optimizer.step()
    scheduler.step()
    print(f"step {step} loss {loss.item():.5f} lr {scheduler.get_last_lr()[0]:.5f}")
model.eval()
print(model(images[:2]).mean(), model.encoder[1].running_mean, model.encoder[1].num_batches_tracked)
