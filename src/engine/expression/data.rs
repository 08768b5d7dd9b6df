//! An object's data as an expression sees it: only what the expression reads, and no longer lists or texts than
//! can be gone through twice over in no time.

use std::collections::HashMap;

use cel::common::types::{
    CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, CelUInt,
};
use cel::common::value::Val;
use serde_json::Value;

use crate::projection::Projection;

/// Two comprehensions in each other look at 65,536 pairs at most: some tens of milliseconds.
pub const LONGEST_LIST: usize = 256;
/// In bytes. The longest annotation of most objects, kubectl's own, is shorter.
pub const LONGEST_TEXT: usize = 16 << 10;

type Boxed<'a> = Box<dyn Val + 'a>;

/// The part of a value that is read; an error says which bound it passes.
pub(super) fn value<'a>(value: &'a Value, read: &Projection) -> Result<Boxed<'a>, String> {
    Ok(match value {
        Value::Null => Box::new(CelNull),
        Value::Bool(truth) => Box::new(CelBool::from(*truth)),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(whole), _, _) => Box::new(CelInt::from(whole)),
            (None, Some(whole), _) => Box::new(CelUInt::from(whole)),
            (None, None, fraction) => Box::new(CelDouble::from(fraction.unwrap_or(f64::NAN))),
        },
        Value::String(text) if text.len() > LONGEST_TEXT => {
            return Err(format!("a text of {} bytes is longer than {LONGEST_TEXT}", text.len()));
        }
        Value::String(text) => Box::new(CelString::from(text.as_str())),
        Value::Array(items) => {
            let Some(part) = read.of_every() else { return Ok(Box::new(CelList::from(Vec::new()))) };
            within(items.len())?;
            let items = items.iter().map(|item| self::value(item, part));
            Box::new(CelList::from(items.collect::<Result<Vec<Boxed<'a>>, String>>()?))
        }
        Value::Object(members) => {
            if read.of_every().is_some() {
                within(members.len())?;
            }
            let mut kept: HashMap<CelMapKey<'a>, Boxed<'a>> = HashMap::new();
            for (name, member) in members {
                if let Some(part) = read.of_member(name) {
                    kept.insert(CelMapKey::from(name.as_str()), self::value(member, &part)?);
                }
            }
            Box::new(CelMap::from(kept))
        }
    })
}

fn within(length: usize) -> Result<(), String> {
    if length <= LONGEST_LIST {
        return Ok(());
    }
    Err(format!("a list or a map of {length} is longer than {LONGEST_LIST}"))
}
