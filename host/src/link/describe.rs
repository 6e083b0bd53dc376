//! Component-model types in WIT's notation, for messages about functions that do not fit.

use wasmtime::component::{Type, types::ComponentFunc};

/// Deeper than this a type is abbreviated: the message stays a line.
const DEPTH_MAX: usize = 3;

pub fn function(function: &ComponentFunc) -> String {
    let params =
        function.params().map(|(name, ty)| format!("{name}: {}", type_(&ty, 0))).collect::<Vec<_>>().join(", ");
    let results = function.results().map(|ty| type_(&ty, 0)).collect::<Vec<_>>().join(", ");
    let word = if function.async_() { "async func" } else { "func" };
    if results.is_empty() { format!("{word}({params})") } else { format!("{word}({params}) -> {results}") }
}

fn type_(ty: &Type, depth: usize) -> String {
    if depth > DEPTH_MAX {
        return "…".to_owned();
    }
    let inner = |ty: &Type| type_(ty, depth + 1);
    let optional = |ty: Option<Type>| ty.map_or_else(|| "_".to_owned(), |ty| inner(&ty));
    match ty {
        Type::Bool => "bool".into(),
        Type::S8 => "s8".into(),
        Type::U8 => "u8".into(),
        Type::S16 => "s16".into(),
        Type::U16 => "u16".into(),
        Type::S32 => "s32".into(),
        Type::U32 => "u32".into(),
        Type::S64 => "s64".into(),
        Type::U64 => "u64".into(),
        Type::Float32 => "f32".into(),
        Type::Float64 => "f64".into(),
        Type::Char => "char".into(),
        Type::String => "string".into(),
        Type::List(list) => format!("list<{}>", inner(&list.ty())),
        Type::Option(option) => format!("option<{}>", inner(&option.ty())),
        Type::Result(result) => format!("result<{}, {}>", optional(result.ok()), optional(result.err())),
        Type::Tuple(tuple) => format!("tuple<{}>", tuple.types().map(|ty| inner(&ty)).collect::<Vec<_>>().join(", ")),
        Type::Record(record) => format!(
            "record {{ {} }}",
            record.fields().map(|field| format!("{}: {}", field.name, inner(&field.ty))).collect::<Vec<_>>().join(", ")
        ),
        Type::Variant(variant) => format!(
            "variant {{ {} }}",
            variant
                .cases()
                .map(|case| case
                    .ty
                    .as_ref()
                    .map_or_else(|| case.name.to_owned(), |ty| format!("{}({})", case.name, inner(ty))))
                .collect::<Vec<_>>()
                .join(", ")
        ),
        Type::Enum(cases) => format!("enum {{ {} }}", cases.names().collect::<Vec<_>>().join(", ")),
        Type::Flags(flags) => format!("flags {{ {} }}", flags.names().collect::<Vec<_>>().join(", ")),
        Type::Own(_) => "own<resource>".into(),
        Type::Borrow(_) => "borrow<resource>".into(),
        other => format!("{other:?}"),
    }
}
