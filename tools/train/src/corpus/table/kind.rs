// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What a column holds, whichever of parquet's two ways says so.

use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::schema::types::{ColumnDescriptor, Type};

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Integers; those without a sign are stored as if they had one.
    Integer {
        signed: bool,
    },
    /// Floats of 16, 32 or 64 bits.
    Float {
        bits: u8,
    },
    /// Integers that stand for themselves divided by `10^scale`.
    Decimal {
        scale: i32,
    },
    Text,
    /// Nothing in any row.
    Null,
    /// What no column here can be.
    Other(String),
}

impl Kind {
    /// Of a field of the table.
    pub(super) fn of(root: &Type, column: &ColumnDescriptor) -> Self {
        if root.is_group() || column.max_rep_level() > 0 {
            return Self::Other(nested(root).to_owned());
        }
        match column.logical_type_ref() {
            Some(logical) => of_logical(logical, column),
            None => of_converted(column),
        }
    }

    /// How an error calls it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Integer { signed: true } => "integers".to_owned(),
            Self::Integer { signed: false } => "unsigned integers".to_owned(),
            Self::Float { bits } => format!("{bits}-bit floats"),
            Self::Decimal { scale } => format!("decimals of {scale} places"),
            Self::Text => "text".to_owned(),
            Self::Null => "nothing but null".to_owned(),
            Self::Other(name) => name.clone(),
        }
    }
}

/// A field that is not one value per row.
pub(super) fn nested(root: &Type) -> &'static str {
    let info = root.get_basic_info();
    match (info.logical_type_ref(), info.converted_type()) {
        (Some(LogicalType::Map), _) | (_, ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE) => {
            "maps"
        }
        (Some(LogicalType::List), _) | (_, ConvertedType::LIST) => "lists",
        _ if root.is_group() => "structs",
        _ => "lists",
    }
}

fn of_logical(logical: &LogicalType, column: &ColumnDescriptor) -> Kind {
    match logical {
        LogicalType::String | LogicalType::Enum => Kind::Text,
        LogicalType::Decimal { scale, .. } => Kind::Decimal { scale: *scale },
        LogicalType::Integer { is_signed, .. } => Kind::Integer { signed: *is_signed },
        LogicalType::Float16 => Kind::Float { bits: 16 },
        LogicalType::Unknown => Kind::Null,
        other => Kind::Other(
            match other {
                LogicalType::Date => "dates",
                LogicalType::Time { .. } => "times of day",
                LogicalType::Timestamp { .. } => "timestamps",
                LogicalType::Json => "JSON",
                LogicalType::Bson => "BSON",
                LogicalType::Uuid => "UUIDs",
                LogicalType::Variant { .. } => "variants",
                LogicalType::Geometry { .. } | LogicalType::Geography { .. } => "geometry",
                _ => return Kind::Other(format!("{logical:?} ({})", column.physical_type())),
            }
            .to_owned(),
        ),
    }
}

fn of_converted(column: &ColumnDescriptor) -> Kind {
    use ConvertedType as Converted;
    match column.converted_type() {
        Converted::UTF8 | Converted::ENUM => Kind::Text,
        Converted::DECIMAL => Kind::Decimal { scale: column.type_scale() },
        Converted::UINT_8 | Converted::UINT_16 | Converted::UINT_32 | Converted::UINT_64 => {
            Kind::Integer { signed: false }
        }
        Converted::INT_8 | Converted::INT_16 | Converted::INT_32 | Converted::INT_64 => {
            Kind::Integer { signed: true }
        }
        Converted::NONE => of_physical(column),
        other => Kind::Other(
            match other {
                Converted::DATE => "dates",
                Converted::TIME_MILLIS | Converted::TIME_MICROS => "times of day",
                Converted::TIMESTAMP_MILLIS | Converted::TIMESTAMP_MICROS => "timestamps",
                Converted::INTERVAL => "intervals",
                Converted::JSON => "JSON",
                Converted::BSON => "BSON",
                _ => return Kind::Other(format!("{other} ({})", column.physical_type())),
            }
            .to_owned(),
        ),
    }
}

fn of_physical(column: &ColumnDescriptor) -> Kind {
    match column.physical_type() {
        Physical::INT32 | Physical::INT64 => Kind::Integer { signed: true },
        Physical::FLOAT => Kind::Float { bits: 32 },
        Physical::DOUBLE => Kind::Float { bits: 64 },
        // Some writers leave the mark of text out; what is not UTF-8 is refused where it is met.
        Physical::BYTE_ARRAY => Kind::Text,
        Physical::BOOLEAN => Kind::Other("booleans".to_owned()),
        Physical::INT96 => Kind::Other("timestamps".to_owned()),
        Physical::FIXED_LEN_BYTE_ARRAY => {
            Kind::Other(format!("binary values of {} bytes", column.type_length()))
        }
    }
}
