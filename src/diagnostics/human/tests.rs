use super::super::{Code, SourceFile};
use super::*;
