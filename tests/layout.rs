// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The library's own structs have the sizes and offsets of `abi/layout.x86_64.txt`, as the header's have by
//! `c_tests/layout.c`.
#![cfg(target_pointer_width = "64")]

use std::mem::{offset_of, size_of};

use vmaf_fr_v2::capi::{VmafFrV2Api, VmafFrV2Config, VmafFrV2Info, VmafFrV2Score};

fn size_of_member<T, M>(_: impl FnOnce(&T) -> &M) -> usize {
    size_of::<M>()
}

macro_rules! lines {
    ($($type:ident { $($member:ident),* $(,)? })*) => {{
        let mut lines = Vec::new();
        $(
            lines.push(format!("{} {}", stringify!($type), size_of::<$type>()));
            $(
                let size = size_of_member(|s: &$type| &s.$member);
                let offset = offset_of!($type, $member);
                lines.push(format!("{}.{} {offset} {size}", stringify!($type), stringify!($member)));
            )*
        )*
        lines
    }};
}

#[test]
fn rust_structs_have_the_layout_of_the_headers() {
    let actual = lines! {
        VmafFrV2Config { struct_size, engine, onnxruntime_path, n_threads, flags, log, log_cookie }
        VmafFrV2Score { score, stddev, ci95_low, ci95_high }
        VmafFrV2Info {
            struct_size, n_features, n_codecs, codec_aware, has_variance, engine, n_members,
            codec_vocab_version, score_min, score_max, id, engine_version, status,
        }
        VmafFrV2Api {
            struct_size, config_default, open, score, close, info, feature_name, codec_name,
            codec_id, set_encode, last_error, strerror, version, api_version, codec_known,
            feature_optional, domain, builtin_count, builtin_id,
        }
    };
    let expected: Vec<&str> = include_str!("../abi/layout.x86_64.txt").lines().collect();
    assert_eq!(actual, expected);
}
