"""The tokenizer's loss terms against values worked out by hand, and the published key layouts."""

import ast
import hashlib
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from engine.classifier.densenet import DenseNet, DenseNetConfig
from engine.classifier.model import Classifier
from engine.classifier.plain import PlainConfig, PlainNet
from engine.errors import CheckpointError, SettingsError
from engine.train.losses.cip import CIPChoices, CIPLoss
from engine.train.losses.discriminator import Discriminator, adaptive_weight, generator_loss, hinge_loss
from engine.train.losses.label_head import LabelHead, label_loss
from engine.train.losses.lpips import LPIPS, load_lpips
from engine.train.losses.pixel import pixel_loss
from engine.train.losses.teacher import Taught, TaughtReader, Teacher
from engine.train.losses.terms import Terms
from engine.train.vqgan_settings import VQGANSettings

KEYS = Path(__file__).parents[1] / "data" / "vqgan_loss_keys.tsv"
SMALL = DenseNetConfig(
    growth_rate=4, block_config=(2, 2, 2), num_init_features=8, bn_size=2, num_classes=2, side=64
)


def published(prefix: str) -> dict[str, tuple[int, ...]]:
    lines = [line.split("\t") for line in KEYS.read_text().splitlines()]
    return {
        key.removeprefix(prefix): ast.literal_eval(shape) for key, shape in lines if key.startswith(prefix)
    }


def shapes(module: nn.Module) -> dict[str, tuple[int, ...]]:
    return {key: tuple(tensor.shape) for key, tensor in module.state_dict().items()}


def settings(**changes: object) -> VQGANSettings:
    return VQGANSettings.read(None, {"out": "run", "manifest": "films.csv", **changes})


def test_lpips_and_discriminator_have_the_published_keys_and_shapes() -> None:
    with torch.device("meta"):
        lpips, discriminator = LPIPS(), Discriminator()
    assert shapes(lpips) == published("loss.perceptual_loss.")
    assert len(shapes(lpips)) == 33
    assert shapes(discriminator) == published("loss.discriminator.")
    assert len(shapes(discriminator)) == 22
    assert sum(tensor.numel() for tensor in lpips.state_dict().values()) == 14_716_166
    assert sum(parameter.numel() for parameter in discriminator.parameters()) == 2_765_633


def test_pixel_terms_by_hand() -> None:
    film = torch.zeros(1, 1, 2, 2)
    other = torch.tensor([[[[1.0, 0.0], [0.0, -2.0]]]])
    assert pixel_loss(film, other, 1, 0, 0).item() == pytest.approx(0.75)
    assert pixel_loss(film, other, 0, 1, 0).item() == pytest.approx(1.25)
    # Across: |-1|, |-2|, mean 1.5; down: |-1|, |-2|, mean 1.5.
    assert pixel_loss(film, other, 0, 0, 1).item() == pytest.approx(3.0)
    assert pixel_loss(film, other, 2, 1, 0.5).item() == pytest.approx(1.5 + 1.25 + 1.5)


def test_hinge_and_generator_losses_by_hand() -> None:
    real, fake = torch.tensor([2.0, 0.5, -1.0]), torch.tensor([-3.0, 0.0, 1.0])
    assert hinge_loss(real, fake).item() == pytest.approx(0.5 * ((0 + 0.5 + 2) / 3 + (0 + 1 + 2) / 3))
    assert generator_loss(fake).item() == pytest.approx(2 / 3)


def test_adaptive_weight_is_the_ratio_of_gradients() -> None:
    weight = torch.tensor([3.0, 4.0], requires_grad=True)
    reconstruction = (weight * torch.tensor([6.0, 8.0])).sum()  # gradient norm 10
    adversarial = (weight * torch.tensor([0.0, 2.0])).sum()  # gradient norm 2
    given = adaptive_weight(reconstruction, adversarial, weight)
    assert given.item() == pytest.approx(10 / 2.0001)
    assert not given.requires_grad
    assert adaptive_weight(reconstruction, (weight * 0).sum(), weight).item() == pytest.approx(1e4)
    (reconstruction + given * adversarial).backward()  # type: ignore[no-untyped-call]  # the graphs are still there
    assert weight.grad is not None


def random_lpips() -> LPIPS:
    torch.manual_seed(0)
    lpips = LPIPS()
    for name, tensor in lpips.state_dict().items():
        if name.startswith("lin"):
            tensor.uniform_(0, 1)
    return lpips


def test_lpips_by_hand() -> None:
    lpips = random_lpips()
    a, b = torch.rand(2, 2, 1, 32, 32) * 2 - 1
    assert lpips(a, a).item() == 0.0
    total = 0.0
    for number, (x, y) in enumerate(zip(*(features(lpips, film) for film in (a, b)), strict=True)):
        weights = lpips.state_dict()[f"lin{number}.model.1.weight"].reshape(1, -1, 1, 1)
        unit = [maps / (maps.pow(2).sum(1, keepdim=True).sqrt() + 1e-10) for maps in (x, y)]
        total += float(((unit[0] - unit[1]).pow(2) * weights).sum(1).mean())
    assert lpips(a, b).item() == pytest.approx(total, rel=1e-4)
    lpips.train()
    assert not lpips.training


def features(lpips: LPIPS, film: Tensor) -> list[Tensor]:
    """Run VGG16's layers one by one and give the five maps."""
    state, h, maps, layer = lpips.state_dict(), film.repeat(1, 3, 1, 1), [], 0
    h = (h - state["scaling_layer.shift"]) / state["scaling_layer.scale"]
    for number, convolutions in enumerate((2, 2, 3, 3, 3), start=1):
        if number > 1:
            h, layer = nn.functional.max_pool2d(h, 2), layer + 1
        for _ in range(convolutions):
            key = f"net.slice{number}.{layer}"
            h = nn.functional.conv2d(h, state[f"{key}.weight"], state[f"{key}.bias"], padding=1).relu()
            layer += 2
        maps.append(h)
    return maps


def test_lpips_loads_from_a_checkpoint_and_from_two_files(tmp_path: Path) -> None:
    lpips = random_lpips()
    state = lpips.state_dict()
    torch.save(
        {"state_dict": {f"loss.perceptual_loss.{k}": v for k, v in state.items()}}, tmp_path / "all.ckpt"
    )
    vgg = {f"features.{k.split('.', 2)[2]}": v for k, v in state.items() if k.startswith("net.")}
    torch.save({**vgg, "classifier.0.bias": torch.zeros(1)}, tmp_path / "vgg16.pth")
    torch.save({k: v for k, v in state.items() if k.startswith("lin")}, tmp_path / "heads.pth")
    for files in (["all.ckpt"], ["vgg16.pth", "heads.pth"]):
        read = load_lpips([tmp_path / name for name in files])
        assert all(torch.equal(tensor, state[key]) for key, tensor in read.state_dict().items())
    with pytest.raises(CheckpointError, match=r"'lin0\.model\.1\.weight' is missing.*lpips_weight 0"):
        load_lpips([tmp_path / "vgg16.pth"])


def test_cip_choices_by_hand() -> None:
    torch.manual_seed(0)
    net = DenseNet(SMALL)
    a, b = torch.rand(2, 2, 3, 64, 64) * 2 - 1
    values = [x.mean(1, keepdim=True) * 1024 for x in (a, b)]
    net.eval()
    after, before = ([net.pooled(x, relu) for x in values] for relu in (True, False))
    squares, plain = (after[0] - after[1]).square(), (before[0] - before[1]).square()
    for choices, wanted in (
        (CIPChoices(), squares.mean()),
        (CIPChoices(relu=False), plain.mean()),
        (CIPChoices(summed=True), squares.sum(1).mean()),
        (CIPChoices(root=True, summed=True), squares.sum(1).sqrt().mean()),
        (CIPChoices(root=True), squares.mean(1).sqrt().mean()),
    ):
        assert CIPLoss(net, choices)(a, b).item() == pytest.approx(wanted.item(), rel=1e-4)
    assert CIPLoss(net, CIPChoices("maps"))(a, a).item() == 0.0
    assert CIPLoss(net, CIPChoices("maps"))(a, b).item() > 0.0


def test_cip_gradient_is_finite_for_a_perfect_reconstruction() -> None:
    loss = CIPLoss(DenseNet(SMALL), CIPChoices(root=True))
    film = torch.rand(1, 1, 64, 64)
    again = film.clone().requires_grad_(True)
    loss(film, again).backward()
    assert again.grad is not None
    assert torch.isfinite(again.grad).all()


def test_unknown_labels_count_nothing() -> None:
    logits = torch.tensor([[0.0, 5.0], [2.0, -1.0]])
    targets = torch.tensor([[1.0, float("nan")], [float("nan"), 0.0]])
    weights = torch.tensor([1.0, 3.0])
    a = torch.tensor(0.0).sigmoid().log().neg()
    b = (1 - torch.tensor(-1.0).sigmoid()).log().neg()
    assert label_loss(logits, targets, weights).item() == pytest.approx(((a + 3 * b) / 4).item(), rel=1e-5)
    nothing = torch.full((2, 2), float("nan"))
    assert label_loss(logits, nothing, weights).item() == 0.0


def test_each_code_speaks_for_itself() -> None:
    torch.manual_seed(0)
    head = LabelHead(8, 2).eval()
    one, other = torch.randn(2, 1, 8, 1, 1)
    # GroupNorm looks at one film, so codes of equal norm are compared.
    both = head(torch.cat([one, one], dim=3))
    assert torch.allclose(both, head(one), atol=1e-6)
    mixed = torch.cat([one, other], dim=3)
    assert torch.allclose(head(mixed), head(mixed.flip(3)), atol=1e-6)


def test_squares_are_weighed_apart() -> None:
    torch.manual_seed(0)
    head = LabelHead(8, 1, reading="squares").eval()
    latents = torch.randn(1, 8, 8, 8)
    turned = latents.flip(3)
    assert not torch.allclose(head(latents), head(turned))
    within = latents.clone()
    within[:, :, :2, :2] = latents[:, :, :2, :2].flip(3)
    assert torch.allclose(head(latents), head(within), atol=1e-6)


@pytest.mark.parametrize("net", [DenseNet(SMALL), PlainNet(PlainConfig(8, 2, 64))])
def test_reader_that_tells_the_teachers_maps_loses_nothing(net: DenseNet | PlainNet) -> None:
    torch.manual_seed(0)
    teacher = Teacher([Classifier(net, ("a", "b"))])
    films = torch.rand(6, 1, 64, 64) * 2 - 1
    taught = teacher(films)
    with torch.no_grad():
        logits = net.eval()(films * 1024)
    assert torch.allclose(taught.classes.mean((2, 3)) + net.classifier.bias, logits, atol=1e-4)
    reader = TaughtReader(8, taught.maps.shape[1], 2)
    reader.measure(taught)
    told = Taught(
        (taught.maps - reader.map_mean) / reader.map_scale,
        (taught.classes - reader.class_mean) / reader.class_scale,
    )
    assert torch.allclose(reader.logits(told), taught.classes.mean((2, 3)), atol=1e-4)
    assert all(loss.item() < 1e-8 for loss in reader.losses(told, taught).values())
    # Telling the mean alone misses the whole variance.
    nothing = Taught(torch.zeros_like(told.maps), torch.zeros_like(told.classes))
    spread = (taught.maps - reader.map_mean).square().mean((0, 2, 3)) / reader.map_scale.flatten().square()
    assert reader.losses(nothing, taught)["taught_maps"].item() == pytest.approx(
        spread.mean().item(), rel=1e-4
    )


def test_several_teachers_tell_every_map_and_their_mean_classes() -> None:
    torch.manual_seed(0)
    nets = [PlainNet(PlainConfig(8, 2, 64)) for _ in range(3)]
    films = torch.rand(2, 1, 64, 64) * 2 - 1
    apart = [Teacher([Classifier(net, ("a", "b"))])(films) for net in nets]
    together = Teacher([Classifier(net, ("a", "b")) for net in nets])(films)
    assert torch.equal(together.maps, torch.cat([one.maps for one in apart], 1))
    assert torch.allclose(together.classes, sum(one.classes for one in apart) / 3, atol=1e-6)
    with pytest.raises(CheckpointError, match="other heads"):
        Teacher([Classifier(nets[0], ("a", "b")), Classifier(nets[1], ("a", "c"))])
    with pytest.raises(CheckpointError, match="sides 2, 4"):
        Teacher([Classifier(net, ("a", "b")) for net in (nets[0], PlainNet(PlainConfig(8, 2, 32)))])(films)


def test_terms_without_their_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    device = torch.device("cpu")
    with pytest.raises(CheckpointError, match=r"LPIPS term has no weights.*lpips_weight 0"):
        Terms(settings(), 3, device)
    with pytest.raises(CheckpointError, match=r"CIP term has no classifier.*models_data.*cip_weight 0"):
        Terms(settings(lpips_weight=0), 3, device)
    with pytest.raises(CheckpointError, match="no classifier file"):
        Terms(settings(lpips_weight=0, cip_classifier="none.pt"), 3, device)
    with pytest.raises(SettingsError, match="head_weight needs heads"):
        settings(head_weight=1.0)
    with pytest.raises(SettingsError, match="manifest or prepared sets"):
        VQGANSettings.read(None, {"out": "run"})


def test_what_is_off_is_told(tmp_path: Path) -> None:
    Classifier(DenseNet(SMALL), ("a", "b")).save(tmp_path / "features.pt")
    terms = Terms(
        settings(lpips_weight=0, disc_weight=0, cip_classifier=tmp_path / "features.pt"),
        1,
        torch.device("cpu"),
    )
    told = terms.told()
    assert told["lpips"] == told["adversarial"] == told["label head"] == "off"
    digest = hashlib.sha256((tmp_path / "features.pt").read_bytes()).hexdigest()[:12]
    assert told["cip"] == f"100 on pooled features of features.pt (sha256 {digest})"
    assert str(tmp_path) not in str(told)


def test_several_classifiers_are_a_mean_and_each_is_known(tmp_path: Path) -> None:
    for name in ("one.pt", "two.pt"):
        Classifier(DenseNet(SMALL), ("a", "b")).save(tmp_path / name)
    device, films = torch.device("cpu"), torch.rand(2, 1, 64, 64)
    other, switched = torch.rand(2, 1, 64, 64), {"lpips_weight": 0, "disc_weight": 0}
    each = [
        Terms(settings(cip_classifier=tmp_path / name, **switched), 1, device)
        for name in ("one.pt", "two.pt")
    ]
    both = Terms(settings(cip_classifier=[tmp_path / "one.pt", tmp_path / "two.pt"], **switched), 1, device)
    mean = sum(terms.measure(films, other).parts["cip"].item() for terms in each) / 2
    assert both.measure(films, other).parts["cip"].item() == pytest.approx(mean, rel=1e-5)
    assert set(both.classifiers().values()) == {terms.classifiers()["cip"] for terms in each}
    assert "one.pt" in both.told()["cip"] and "two.pt" in both.told()["cip"]


def test_defaults_are_the_papers() -> None:
    paper = settings()
    assert (paper.learning_rate, paper.batch, paper.steps) == (4.5e-6, 2, 590_000)
    assert (paper.betas, paper.cip_weight, paper.disc_weight, paper.disc_start) == ((0.5, 0.9), 100, 0.8, 0)
    assert (paper.weight_decay, paper.lpips_weight, paper.codebook_weight) == (0, 1, 1)
    assert (paper.head_weight, paper.warm_steps, paper.cluster_films, paper.restart_every) == (0, 0, 0, 0)
    assert not paper.moved
