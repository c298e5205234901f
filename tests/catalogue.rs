// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What is generated from the catalogue is current: the table inside `include/vmaf_fr_v2_libvmaf.h` and
//! `docs/features.md`. `VMAF_FR_V2_UPDATE_CATALOGUE=1 cargo test --test catalogue` writes them anew.

use std::fmt::Write as _;
use std::path::PathBuf;

use vmaf_fr_v2::catalogue::{
    CODECS, Extractor, FEATURES, FULL_FEATURES, Feature, Identical, Smallest, UNKNOWN, extractors,
    presets,
};

/// Compares a committed file with what the catalogue gives, or replaces it on request.
fn hold(path: &str, current: impl FnOnce(&str) -> String) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    let current = current(&committed);
    if committed == current {
        return;
    }
    assert!(
        std::env::var_os("VMAF_FR_V2_UPDATE_CATALOGUE").is_some(),
        "{path} is not what src/catalogue gives; update it with\n  \
         VMAF_FR_V2_UPDATE_CATALOGUE=1 cargo test --test catalogue"
    );
    std::fs::write(file, current).unwrap();
}

#[test]
fn the_bridges_table_is_current() {
    hold("include/vmaf_fr_v2_libvmaf.h", |header| {
        let begin = header.find("/* Generated from the catalogue").expect("where the table begins");
        let begin = begin + header[begin..].find('\n').unwrap() + 1;
        let end = header.find("        /* End of what is generated. */").expect("where it ends");
        format!("{}{}{}", &header[..begin], bridge_table(), &header[end..])
    });
}

fn bridge_table() -> String {
    let mut table = String::new();
    for feature in &FEATURES {
        let Extractor { name, options, .. } = feature.extractor;
        let (option, value) = match options {
            [] => ("NULL".to_owned(), "NULL".to_owned()),
            [(option, value)] => (format!("{option:?}"), format!("{value:?}")),
            more => panic!("the bridge sets one option of an extractor, and {name} has {more:?}"),
        };
        let db = match feature.identical {
            Identical::Infinite(db) => db,
            // libvmaf caps PSNR, and a build that does not is taken the same way.
            Identical::Number(db) if db > 1.0 => db,
            Identical::Number(_) | Identical::Content => 0.0,
        };
        let keys: Vec<String> = feature.collector_keys.iter().map(|k| format!("{k:?}")).collect();
        assert!(keys.len() <= 4, "VMAF_FR_V2_MAX_KEYS");
        let head = format!(
            "        {{ {:?}, {name:?}, {option}, {value}, {db:.1}, {},",
            feature.name,
            i32::from(feature.waits_for_next_picture)
        );
        // Lines of at most 120 columns.
        let one_line = format!("{head} {{ {} }} }},", keys.join(", "));
        if one_line.len() <= 120 {
            writeln!(table, "{one_line}").unwrap();
        } else {
            let lines: Vec<String> = keys.chunks(2).map(|pair| pair.join(", ")).collect();
            writeln!(table, "{head}\n          {{ {} }} }},", lines.join(",\n            "))
                .unwrap();
        }
    }
    table
}

#[test]
fn the_page_of_features_is_current() {
    hold("docs/features.md", |_| page());
}

/// What `src/features` does, for people.
const FROM_VALUE_TO_Z: &str = "\
     ## From a value to what the graph gets\n\n\
     The members of the card that are named here are described in [card.schema.json](card.schema.json). Each step \
     computes in\nf64; both engines and every instruction set give the same bits.\n\n\
     1. The value is checked: the table above, and `feature_range`. A feature with the transform `log1p` takes values \
     above -1.\n\
     2. `feature_cap`: min(value, cap).\n\
     3. `feature_transform`: `log_distance` is -10 log10(top - min(max(x, 0), 1)), `log1p` is ln(1 + x). The logarithm is \
     within\n   1 ulp. `feature_mean` and `feature_std` are of the transformed values.\n\
     4. z = (value - mean) / std, within `feature_clip_sigma`, then cast to f32.\n\
     5. A missing feature: z = 0 if `missing_features` is `mean`. If it is `regress`, z follows from the z of features \
     that\n   are never missing, as the graph gets them: intercept + sum of linear z + sum of quadratic z^2, within \
     `feature_clip_sigma`,\n   cast to f32 (`imputation`).\n\n";

fn page() -> String {
    let mut page = String::from(
        "<!-- Generated from src/catalogue by tests/catalogue.rs; do not edit. -->\n\n\
         # Features, codecs and presets\n\n\
         The 22 features that every libvmaf since 2.3.0 computes, in the order of models that name no other. Models of six \
         features\nuse the ones in bold, in this order.\n\n\
         | feature | extractor | lowest | highest | identical pictures |\n|---|---|---:|---:|---|\n",
    );
    for feature in &FEATURES {
        let Feature { name, extractor, low, high, canonical, .. } = feature;
        let bound = |x: f64| if x.is_finite() { x.to_string() } else { String::new() };
        let identical = match feature.identical {
            Identical::Number(x) => x.to_string(),
            Identical::Infinite(x) => format!("infinite; a model gets {x}"),
            Identical::Content => "depends on the content".to_owned(),
        };
        let name = if *canonical { format!("**`{name}`**") } else { format!("`{name}`") };
        let (low, high) = (bound(*low), bound(*high));
        writeln!(page, "| {name} | {} | {low} | {high} | {identical} |", extractor.name).unwrap();
    }
    page.push_str(
        "\nA value below the lowest or above the highest is refused (`-EDOM`): no libvmaf gives it under that name. So is an \
         infinite\none, always. NaN stands for a missing value, and is refused unless the model's card lets the feature be \
         missing.\n\n",
    );
    page.push_str(FROM_VALUE_TO_Z);
    page.push_str(
        "## Extractors\n\n\
         The cost is processor time added to a plain VMAF run on 1080p, as a share of that run (libvmaf 3.2.0 with its \
         assembler\ncode); 0: the run computes it anyway.\n\n\
         | extractor | options it needs | smallest picture | takes 4:0:0 | cost |\n|---|---|---|---|---:|\n",
    );
    for extractor in extractors(&FULL_FEATURES) {
        let options: Vec<String> =
            extractor.options.iter().map(|(option, value)| format!("`{option}={value}`")).collect();
        let smallest = match extractor.smallest {
            Smallest::Any => "any".to_owned(),
            Smallest::Both(n) => format!("{n} in both directions"),
            Smallest::Either(n) => format!("{n} in one direction"),
        };
        writeln!(
            page,
            "| {} | {} | {smallest} | {} | {} |",
            extractor.name,
            options.join(", "),
            if extractor.needs_chroma { "no" } else { "yes" },
            extractor.cost
        )
        .unwrap();
    }
    page.push_str(
        "\n## Names over time\n\n\
         The first name that is there counts. Keys are those of libvmaf's feature collector, which hosts read; log names are \
         those of\nthe JSON logs.\n\n| feature | collector keys | log names |\n|---|---|---|\n",
    );
    for feature in &FEATURES {
        let list =
            |names: &[&str]| names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
        writeln!(
            page,
            "| `{}` | {} | {} |",
            feature.name,
            list(feature.collector_keys),
            list(feature.log_names)
        )
        .unwrap();
    }
    page.push_str(
        "\n## Codec vocabulary 1\n\n\
         Names are trimmed and case-folded. Any other name is `unknown`.\n\n\
         | id | name | other names | presets and their ordinals |\n|---:|---|---|---|\n",
    );
    let ordinals = |presets: &[(&str, u8)]| {
        presets.iter().map(|(name, n)| format!("{name} {n}")).collect::<Vec<_>>().join(", ")
    };
    for (id, codec) in CODECS.iter().enumerate() {
        writeln!(
            page,
            "| {id} | `{}` | {} | {} |",
            codec.name,
            codec.aliases.join(", "),
            ordinals(codec.presets)
        )
        .unwrap();
    }
    writeln!(page, "| {} | `{UNKNOWN}` | | |", CODECS.len()).unwrap();
    page.push_str(
        "\nHardware encoders, by the end of their names:\n\n| encoder | presets |\n|---|---|\n",
    );
    for suffix in ["_nvenc", "_qsv"] {
        writeln!(page, "| `*{suffix}` | {} |", ordinals(presets(suffix))).unwrap();
    }
    page
}
