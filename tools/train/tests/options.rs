// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Options refuse what they cannot be, before anything is read.

use clap::Parser;
use vmaf_fr_train::evaluate::EvaluateArgs;
use vmaf_fr_train::options::{DataArgs, RecipeArgs};

#[derive(Parser)]
struct Evaluate {
    #[command(flatten)]
    args: EvaluateArgs,
}

#[derive(Parser)]
struct Fit {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    recipe: RecipeArgs,
}

#[test]
fn numbers_out_of_range_are_refused() {
    for (option, values) in [
        ("--dropout", &["nan", "1", "-0.1", "inf"][..]),
        ("--feature-dropout-finetune", &["1.5", "-1"]),
        ("--pretrain-rate", &["0", "-1", "nan"]),
        ("--finetune-rate", &["inf", "0"]),
        ("--finetune-decay", &["-0.1", "nan"]),
        ("--codec-rate", &["-1", "nan"]),
        ("--unknown-codec-weight", &["-0.3", "nan", "inf"]),
        ("--content-power", &["-1", "nan"]),
        ("--dataset-weight", &["a=-1", "a=nan", "a=inf", "a"]),
        ("--hidden", &["0", "x"]),
        ("--depth", &["0"]),
        ("--batch", &["0"]),
        ("--finetune-frames", &["0"]),
    ] {
        for value in values {
            let parsed = Fit::try_parse_from(["fit", "t.parquet", option, value]);
            let error = parsed.err().unwrap_or_else(|| panic!("{option} {value}")).to_string();
            assert!(error.contains(option), "{error}");
        }
    }
    for range in [["nan", "100"], ["0", "inf"]] {
        for option in ["--score-range", "--target-range"] {
            assert!(Fit::try_parse_from(["fit", "t.parquet", option, range[0], range[1]]).is_err());
        }
    }
    let fit = Fit::parse_from(["fit", "t.parquet", "--score-range", "100", "0"]);
    assert!(fit.data.score_range().is_err());
    assert_eq!(fit.recipe.recipe(), vmaf_fr_train::recipe::Recipe::default());
}

#[test]
fn tables_have_names_and_the_options_columns() {
    let fit = Fit::parse_from([
        "fit",
        "avt=x/one.parquet",
        "two.parquet",
        "--target-range",
        "-300",
        "100",
        "--content-column",
        "scene_group",
        "--teacher",
        "none",
    ]);
    let sources = fit.data.sources().unwrap();
    assert_eq!(sources.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["avt", "two"]);
    for source in &sources {
        assert_eq!(source.target_range, Some([-300.0, 100.0]));
        assert_eq!(source.content_column.as_deref(), Some("scene_group"));
        assert_eq!(source.teacher_column, None);
    }
    assert!(Fit::try_parse_from(["fit"]).is_err());
}

#[test]
fn a_result_is_not_written_over_by_its_own_report() {
    for (path, taken) in [
        ("e.json", true),
        ("e", true),
        ("folder.html/e", true),
        ("e.html", false),
        ("e.HTML", false),
        ("..", false),
    ] {
        let parsed = Evaluate::try_parse_from(["evaluate", "t.parquet", "-o", path]);
        assert_eq!(parsed.is_ok(), taken, "{path}");
        let _ = parsed.map(|evaluate| evaluate.args);
    }
}
