//! An object's data as an expression sees it: only what the expression reads, and no longer lists or texts than
//! can be gone through twice over in no time, and no more of all of it than can be copied for each item of a list.

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

/// Values in all. Of two comprehensions in each other the outer one may keep what the inner one yields for each of its
/// items: 256 copies of these are some tens of megabytes.
pub const MOST_VALUES: usize = 4_096;
/// Bytes of texts in all, keys among them, for the same reason.
pub const MOST_TEXT: usize = 128 << 10;

/// How much more may be looked at.
#[derive(Debug)]
struct Budget {
    values: usize,
    text: usize,
}

impl Budget {
    fn spend(&mut self, text: usize) -> Result<(), String> {
        match (self.values.checked_sub(1), self.text.checked_sub(text)) {
            (Some(values), Some(text)) => {
                *self = Self { values, text };
                Ok(())
            }
            (None, _) => Err(format!("it looks at more than {MOST_VALUES} values")),
            (_, None) => Err(format!("it looks at more than {MOST_TEXT} bytes of text")),
        }
    }
}

type Boxed<'a> = Box<dyn Val + 'a>;

/// The part of a value that is read; an error says which bound it passes.
pub(super) fn value<'a>(value: &'a Value, read: &Projection) -> Result<Boxed<'a>, String> {
    within_budget(value, read, &mut Budget { values: MOST_VALUES, text: MOST_TEXT })
}

fn within_budget<'a>(value: &'a Value, read: &Projection, budget: &mut Budget) -> Result<Boxed<'a>, String> {
    budget.spend(value.as_str().map_or(0, str::len))?;
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
            let items = items.iter().map(|item| within_budget(item, part, budget));
            Box::new(CelList::from(items.collect::<Result<Vec<Boxed<'a>>, String>>()?))
        }
        Value::Object(members) => {
            if read.of_every().is_some() {
                within(members.len())?;
            }
            let mut kept: HashMap<CelMapKey<'a>, Boxed<'a>> = HashMap::new();
            for (name, member) in members {
                if let Some(part) = read.of_member(name) {
                    budget.spend(name.len())?;
                    kept.insert(CelMapKey::from(name.as_str()), within_budget(member, &part, budget)?);
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
