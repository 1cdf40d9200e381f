"""What programs say of devices, precision, threads and compilers, and what minigrad answers: harmless, or a clear error."""

import pytest
import threadpoolctl

import minigrad
from minigrad import accelerator, amp, backends, cuda, jit, mps, nn, ones, optim, settings, tensor, version, xpu
from minigrad.utils.checkpoint import checkpoint, checkpoint_sequential
from minigrad.utils.dlpack import from_dlpack, to_dlpack


def test_other_devices_are_not_there():
    assert not any(place.is_available() for place in (cuda, xpu, accelerator, backends.mps, backends.cudnn))
    assert [place.device_count() for place in (cuda, mps, xpu, accelerator)] == [0] * 4
    assert accelerator.current_accelerator() is None
    assert (mps.current_allocated_memory(), mps.driver_allocated_memory(), cuda.memory_reserved()) == (0, 0, 0)
    assert (cuda.max_memory_reserved(), cuda.get_rng_state_all()) == (0, [])
    assert not cuda.is_initialized()
    assert not cuda.is_bf16_supported()
    for nothing in (
        cuda.reset_peak_memory_stats,
        cuda.ipc_collect,
        cuda.seed,
        cuda.seed_all,
        mps.empty_cache,
        xpu.synchronize,
    ):
        nothing()
    cuda.set_rng_state_all([])
    for ask in (
        cuda.init, lambda: cuda.set_device(0), cuda.get_device_capability, cuda.get_device_properties, xpu.current_device
    ):  # fmt: skip
        with pytest.raises(RuntimeError, match=r"minigrad computes on the CPU only; ask cuda.is_available\(\) first"):
            ask()
    backends.cuda.matmul.allow_tf32 = True
    assert backends.cudnn.version() is None


@pytest.mark.parametrize(
    "make",
    [lambda **k: minigrad.zeros(2, **k), lambda **k: minigrad.empty(2, **k), lambda **k: minigrad.full((2,), 1, **k),
     lambda **k: minigrad.ones_like(ones(2), **k), lambda **k: minigrad.full_like(ones(2), 3, **k),
     lambda **k: minigrad.as_tensor([1], **k), lambda **k: tensor([1], **k), lambda **k: minigrad.eye(2, **k),
     lambda **k: minigrad.rand(2, **k), lambda **k: minigrad.randn_like(ones(2), **k), lambda **k: minigrad.randperm(2, **k),
     lambda **k: ones(2).new_tensor([1], **k), lambda **k: ones(2).new_full((2,), 1, **k), lambda **k: ones(2).new_ones(2, **k),
     lambda **k: ones(2).new_empty(2, requires_grad=True, dtype=minigrad.float64, **k),
     lambda **k: minigrad.randint(3, (2,), **k), lambda **k: minigrad.normal(0.0, 1.0, (2,), **k)],
)  # fmt: skip
def test_nothing_is_made_elsewhere(make):
    assert make(device="cpu").device == minigrad.device("cpu")
    with pytest.raises(RuntimeError, match=r"device 'cuda:1': minigrad computes on the CPU only"):
        make(device="cuda:1")


def test_what_a_tensor_says_of_its_place():
    x = ones(2)
    assert (x.get_device(), x.is_pinned(), x.is_meta, x.layout) == (-1, False, False, minigrad.strided)
    assert repr(minigrad.contiguous_format) == "minigrad.contiguous_format"
    assert x.to(memory_format=minigrad.channels_last) is x.contiguous(memory_format=minigrad.preserve_format) is x
    assert x.is_contiguous(memory_format=minigrad.channels_last_3d)


def test_mixed_precision_changes_nothing():
    @minigrad.autocast("cuda", dtype=minigrad.float16)
    def double(x):
        """Twice."""
        return x * 2

    assert (double(ones(1)).dtype, double.__doc__) == (minigrad.float32, "Twice.")
    model = nn.Linear(2, 1)
    optimizer, scaler = optim.SGD(model.parameters(), lr=0.1), cuda.amp.GradScaler(enabled=True)
    before = model.weight.tolist()
    with amp.autocast(device_type="cpu", enabled=False):
        loss = model(ones(3, 2)).sum()
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    assert model.weight.tolist() != before
    assert (scaler.get_scale(), scaler.is_enabled(), scaler.state_dict()) == (1.0, False, {})
    scaler.load_state_dict({})
    assert not amp.is_autocast_available("cuda")


def test_switches_can_be_set_and_read():
    minigrad.use_deterministic_algorithms(True, warn_only=True)
    assert minigrad.are_deterministic_algorithms_enabled()
    minigrad.use_deterministic_algorithms(False)
    assert minigrad.get_num_threads() >= 1
    minigrad.set_num_threads(3)
    minigrad.set_num_interop_threads(2)
    assert (minigrad.get_num_threads(), minigrad.get_num_interop_threads()) == (3, 2)
    minigrad.set_num_threads(1)
    blas = [pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
    assert set(blas) == {1}
    settings._set.update(threads=None, interop=1)
    minigrad.set_float32_matmul_precision("high")
    assert minigrad.get_float32_matmul_precision() == "high"
    minigrad.set_float32_matmul_precision("highest")
    assert not minigrad.set_flush_denormal(True)
    for wrong in (
        lambda: minigrad.set_num_threads(0), lambda: minigrad.set_num_interop_threads(0),
        lambda: minigrad.set_float32_matmul_precision("low"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"set_"):
            wrong()


def test_scripts_and_traces_are_what_they_were():
    model = nn.Linear(2, 1)
    assert jit.script(model) is jit.trace(model, ones(1, 2)) is model
    assert jit.ignore(len) is jit.unused(len) is jit.export(len) is jit.ignore(drop=True)(len) is len
    for call in (lambda: jit.save(model, "x"), lambda: jit.load("x")):
        with pytest.raises(NotImplementedError, match=r"jit\.(save|load): "):
            call()


def test_checkpoints_compute_once():
    assert checkpoint(lambda x, scale=1: x * scale, ones(1), scale=3, use_reentrant=False).item() == 3
    assert checkpoint_sequential([lambda x: x + 1, lambda x: x * 2], 2, ones(1)).item() == 4


def test_memory_is_shared_by_dlpack():
    x = minigrad.arange(3.0)
    y = from_dlpack(x)
    y += 1
    z = minigrad.from_dlpack(to_dlpack(x))
    z *= 2
    assert x.tolist() == [2, 4, 6]
    assert minigrad.from_dlpack(x, copy=True).data_ptr() != x.data_ptr()
    with pytest.raises(BufferError, match=r"cannot be exported by DLPack: use x.detach\(\)"):
        from_dlpack(ones(2).requires_grad_())
    with pytest.raises(TypeError, match=r"a list has no __dlpack__: use minigrad.tensor"):
        from_dlpack([1])
    with pytest.raises(RuntimeError, match=r"minigrad computes on the CPU only"):
        minigrad.from_dlpack(x, device="cuda")


def test_the_version():
    assert version.__version__ == minigrad.__version__
    assert (version.cuda, version.hip, version.debug) == (None, None, False)
    with minigrad.as_torch():
        import torch
        import torch.version

        assert torch.__version__ == torch.version.__version__ == "2.13.0+minigrad"
        assert torch.version.cuda is None
    assert list(reversed(minigrad.arange(3))) == [2, 1, 0]
    assert reversed(tensor(1)) == 1
    assert ones(1).__array_priority__ == 1000
