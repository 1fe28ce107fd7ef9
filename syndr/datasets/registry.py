"""The IQA databases: names, files, scores and their meaning, splits, citations. Readers take every constant from here.

The observed range of a label variant is that of the full published table, over the distorted pictures: it becomes 0-10
and is never refitted. The declared range only validates.
"""

from __future__ import annotations

from syndr.datasets.declaration import Database, Labels, Part, Pictures
from syndr.datasets.label_scale import LabelScale
from syndr.errors import InputError

_KADID_CITATION = "Lin, Hosu and Saupe: KADID-10k: A Large-scale Artificially Distorted IQA Database. QoMEX 2019"
_NATIVE = (Pictures("native"),)

#: Where other programs want the pictures of PIPAL's four archives together.
_PIPAL_IN_ONE = ("Train_Dist", "train/Distortion", "Distortion", "Dist_Imgs")

_DATABASES = (
    Database(
        name="kadid10k",
        title="KADID-10k",
        aliases=("kadid",),
        samples=10_125,
        references=81,
        # The column is called dmos, yet higher is better.
        labels=(Labels("mos", "dmos.csv: dmos", LabelScale("KADID-10k", (1.0, 5.0), (1.00, 4.93))),),
        pictures=(Pictures("native", (512, 384)),),
        parts=(
            Part("dmos.csv", "scores: dist_img, ref_img, dmos, var (a variance)"),
            Part("images", "10,125 distorted and 81 reference pictures", 10_206),
        ),
        reference_column="dmos.csv: ref_img",
        distortion_column="dist_img, Ixx_tt_ll.png: type tt, level ll",
        citation=_KADID_CITATION,
        page="MMSP group, University of Konstanz: page 'KADID-10k IQA Database'",
    ),
    Database(
        name="kadis700k",
        title="KADIS-700k",
        aliases=("kadis",),
        samples=140_000,
        references=0,
        labels=(),
        pictures=_NATIVE,
        parts=(
            Part("kadis700k_ref_imgs.csv", "the pristine pictures: ref_im, dist_type_1, dist_type_2"),
            Part("ref_imgs", "140,000 pristine pictures", 140_000),
            Part("dist_imgs", "700,000 distorted pictures, made by the authors' program", 700_000, optional=True),
        ),
        distortion_column="kadis700k_ref_imgs.csv: dist_type_1",
        citation="Lin, Hosu and Saupe: DeepFL-IQA: Weak Supervision for Deep IQA Feature Learning. arXiv 2020",
        page="MMSP group, University of Konstanz: page 'KADID-10k IQA Database', part KADIS-700k",
    ),
    Database(
        name="live",
        title="LIVE",
        aliases=("live2", "live-iqa", "databaserelease2"),
        samples=779,
        references=29,
        labels=(
            Labels(
                "realigned",
                "dmos_realigned.mat: dmos_new",
                LabelScale("LIVE", (-5.0, 115.0), (-2.640015016409613, 111.7746935263145), higher_is_better=False),
            ),
            Labels(
                "original",
                "dmos.mat: dmos",
                LabelScale("LIVE", (0.0, 100.0), (17.90242446, 84.48897154), higher_is_better=False),
            ),
        ),
        pictures=_NATIVE,
        parts=(
            Part("dmos_realigned.mat", "realigned scores: dmos_new, dmos_std, orgs", labels=("realigned",)),
            Part("dmos.mat", "original scores: dmos, orgs", labels=("original",)),
            Part("refnames_all.mat", "the reference of each of the 982 pictures"),
            Part("jp2k", "JPEG 2000", 227),
            Part("jpeg", "JPEG", 233),
            Part("wn", "white noise", 174),
            Part("gblur", "Gaussian blur", 174),
            Part("fastfading", "JPEG 2000 over a fast-fading channel", 174),
            Part("refimgs", "reference pictures", 29),
        ),
        reference_column="refnames_all.mat: refnames_all",
        distortion_column="the folder",
        citation="Sheikh, Sabir and Bovik: A Statistical Evaluation of Recent Full Reference Image Quality Assessment "
        "Algorithms. IEEE TIP 2006",
        page="LIVE, University of Texas at Austin: page 'Image & Video Quality Assessment', release 2",
    ),
    Database(
        name="csiq",
        title="CSIQ",
        aliases=(),
        samples=866,
        references=30,
        labels=(Labels("dmos", "csiq.DMOS.xlsx: dmos", LabelScale("CSIQ", (0.0, 1.0), (0.0, 1.0), False)),),
        pictures=(Pictures("native", (512, 512)),),
        parts=(
            Part("csiq.DMOS.xlsx", "scores, sheet all_by_image", others=("csiq_label.txt",)),
            Part("dst_imgs/awgn", "white noise", 150, others=("dst_imgs_all",)),
            Part("dst_imgs/blur", "Gaussian blur", 150, others=("dst_imgs_all",)),
            Part("dst_imgs/contrast", "contrast", 116, others=("dst_imgs_all",)),
            Part("dst_imgs/fnoise", "pink noise", 150, others=("dst_imgs_all",)),
            Part("dst_imgs/jpeg", "JPEG", 150, others=("dst_imgs_all",)),
            Part("dst_imgs/jpeg2000", "JPEG 2000", 150, others=("dst_imgs_all",)),
            Part("src_imgs", "reference pictures", 30),
        ),
        reference_column="csiq.DMOS.xlsx: image",
        distortion_column="csiq.DMOS.xlsx: dst_type, dst_lev",
        citation="Larson and Chandler: Most apparent distortion: full-reference image quality assessment and the role "
        "of strategy. J. Electronic Imaging 2010",
        page="Computational Perception and Image Quality Lab: page 'CSIQ image quality database'",
    ),
    Database(
        name="tid2013",
        title="TID2013",
        aliases=("tid",),
        samples=3_000,
        references=25,
        labels=(Labels("mos", "mos_with_names.txt", LabelScale("TID2013", (0.0, 9.0), (0.24242, 7.21429))),),
        pictures=(Pictures("native", (512, 384)),),
        parts=(
            Part("mos_with_names.txt", "scores: 'mos name' in each line"),
            Part("mos_std.txt", "deviations, in the same order", optional=True),
            Part("distorted_images", "distorted pictures", 3_000),
            Part("reference_images", "reference pictures", 25),
        ),
        reference_column="the name, Ixx_tt_l.bmp: xx",
        distortion_column="the name, Ixx_tt_l.bmp: type tt, level l",
        citation="Ponomarenko et al.: Image database TID2013: Peculiarities, results and perspectives. Signal "
        "Processing: Image Communication 2015",
        page="N. Ponomarenko: page 'Tampere Image Database 2013 TID2013, version 1.0'",
    ),
    Database(
        name="livec",
        title="LIVE Challenge",
        aliases=("clive", "livechallenge", "live-itw", "challengedb", "challengedb-release"),
        samples=1_162,
        references=0,
        labels=(Labels("mos", "AllMOS_release.mat", LabelScale("LIVE Challenge", (0.0, 100.0), (3.42, 92.431953))),),
        pictures=_NATIVE,
        parts=(
            Part("Data/AllImages_release.mat", "names of 1,162 pictures after 7 of the training session"),
            Part("Data/AllMOS_release.mat", "scores, in the same order"),
            Part("Data/AllStdDev_release.mat", "deviations, in the same order", optional=True),
            Part("Images", "pictures: 535 .bmp and 627 .JPG", 1_162),
            Part("Images/trainingImages", "t1.bmp to t7.bmp, of the training session; never read", 7, optional=True),
        ),
        citation="Ghadiyaram and Bovik: Massive Online Crowdsourced Study of Subjective and Objective Picture Quality. "
        "IEEE TIP 2016",
        page="LIVE, University of Texas at Austin: page 'LIVE In the Wild Image Quality Challenge Database'",
    ),
    Database(
        name="koniq10k",
        title="KonIQ-10k",
        aliases=("koniq",),
        samples=10_073,
        references=0,
        labels=(
            Labels(
                "mos-1-5",
                "koniq10k_scores_and_distributions.csv: MOS",
                LabelScale("KonIQ-10k", (1.0, 5.0), (1.096154, 4.31)),
            ),
            Labels(
                "mos-0-100",
                "koniq10k_distributions_sets.csv: MOS (MOS_zscore in the older file)",
                LabelScale("KonIQ-10k", (0.0, 100.0), (3.91176470588, 88.3888888889)),
            ),
        ),
        pictures=(Pictures("512x384", (512, 384)), Pictures("1024x768", (1024, 768))),
        parts=(
            Part(
                "koniq10k_scores_and_distributions.csv",
                "ratings and scores",
                others=(
                    "koniq10k_scores_and_distributions/koniq10k_scores_and_distributions.csv",
                    "koniq10k_distributions_sets.csv",
                ),
            ),
            Part("koniq10k_distributions_sets.csv", "ratings, scores and the official split", optional=True),
            Part("512x384", "pictures of 512 x 384 pixels", 10_073, pictures=("512x384",)),
            Part("1024x768", "pictures of 1024 x 768 pixels", 10_073, pictures=("1024x768",)),
        ),
        official_split="koniq10k_distributions_sets.csv, column set: 7,058 training, 1,000 validation, 2,015 test",
        citation="Hosu, Lin, Sziranyi and Saupe: KonIQ-10k: An Ecologically Valid Database for Deep Learning of Blind "
        "Image Quality Assessment. IEEE TIP 2020",
        page="MMSP group, University of Konstanz: page 'KonIQ-10k IQA Database'",
    ),
    Database(
        name="bid",
        title="BID",
        aliases=("bid2011",),
        samples=586,
        references=0,
        labels=(
            Labels(
                "mos",
                "DatabaseGrades.xlsx: Average Subjective Grade",
                LabelScale("BID", (0.0, 5.0), (0.1638057263157895, 4.919752378181818)),
            ),
        ),
        pictures=_NATIVE,
        parts=(
            Part("DatabaseGrades.xlsx", "scores", others=("DatabaseGrades.xls",)),
            Part("ImageDatabase", "pictures DatabaseImage0001.JPG ...; 2, 346, 413, 439 do not exist", 586, ("",)),
        ),
        input_size="shorter-512",
        paper_input_size="512x512",  # inferred from the code that theirs descends from
        citation="Ciancio et al.: No-Reference Blur Assessment of Digital Pictures Based on Multifeature Classifiers. "
        "IEEE TIP 2011",
        page="SMT, Federal University of Rio de Janeiro: page 'Blurred Image Database'",
    ),
    Database(
        name="pipal",
        title="PIPAL",
        aliases=("pipal-train",),
        samples=23_200,
        references=200,
        # Elo ratings have no bounds of their own; these hold the training and the validation part.
        labels=(Labels("elo", "Train_Label: Axxxx.txt", LabelScale("PIPAL", (800.0, 2000.0), (916.7136, 1835.9856))),),
        pictures=(Pictures("native", (288, 288)),),
        parts=(
            Part(
                "Train_Label",
                "scores: 200 files Axxxx.txt of lines 'Axxxx_tt_ss.bmp,elo'",
                others=("train/Label", "train/Train_Label"),
            ),
            Part("Distortion_1", "distorted pictures", 5_800, others=_PIPAL_IN_ONE),
            Part("Distortion_2", "distorted pictures", 5_800, others=_PIPAL_IN_ONE),
            Part("Distortion_3", "distorted pictures", 5_800, others=_PIPAL_IN_ONE),
            Part("Distortion_4", "distorted pictures", 5_800, others=_PIPAL_IN_ONE),
            Part("Train_Ref", "reference pictures", 200, others=("train/Ref", "train/Train_Ref")),
        ),
        reference_column="the name, Axxxx_tt_ss.bmp: Axxxx",
        distortion_column="the name, Axxxx_tt_ss.bmp: type tt, sub-type ss",
        # 00 traditional, 01 traditional SR, 02 PSNR-oriented SR, 03 SR with kernel mismatch, 04 GAN-based SR,
        # 05 denoising, 06 SR and denoising jointly.
        subsets={
            "algorithmic": ("01", "02", "03", "04", "05", "06"),
            "traditional": ("00",),
            **{str(number): (f"{number:02d}",) for number in range(1, 7)},
        },
        citation="Gu et al.: PIPAL: a Large-Scale Image Quality Assessment Dataset for Perceptual Image Restoration. "
        "ECCV 2020",
        page="J. Gu: page 'PIPAL: Perceptual IQA for Perceptual Image Processing Algorithms', training part",
    ),
    Database(
        name="spaq",
        title="SPAQ",
        aliases=(),
        samples=11_125,
        references=0,
        labels=(
            Labels(
                "mos",
                "Annotations/MOS and Image attribute scores.xlsx: MOS",
                LabelScale("SPAQ", (0.0, 100.0), (2.0, 96.0)),
            ),
        ),
        pictures=_NATIVE,
        parts=(
            Part(
                "Annotations/MOS and Image attribute scores.xlsx",
                "scores",
                others=("MOS and Image attribute scores.xlsx",),
            ),
            Part("TestImage", "pictures", 11_125),
        ),
        input_size="shorter-512",
        paper_input_size="shorter-512",
        citation="Fang, Zhu, Zeng, Ma and Wang: Perceptual Quality Assessment of Smartphone Photography. CVPR 2020",
        page="Y. Fang et al.: repository 'SPAQ' of the paper's authors",
    ),
)

#: Every database by its name.
DATABASES: dict[str, Database] = {database.name: database for database in _DATABASES}


def find_database(name: str) -> Database:
    """Give a database by its name, title or alias; case, spaces and hyphens do not matter.

    Raises:
        InputError: With the names there are.
    """
    wanted = _plain(name)
    for database in _DATABASES:
        if wanted in map(_plain, (database.name, database.title, *database.aliases)):
            return database
    raise InputError(f"no database is called {name!r}; there are {', '.join(DATABASES)}")


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())
