//! serde's view of a tree. Owns which node serves which type; every refusal is an [`Error`] that knows its place.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use crate::diagnostics::Span;
use crate::yaml::node::{Entry, Node, NodeKind};

use super::error::{Error, Expected, NodeId, Problem};
use super::overlay::Overlay;
use super::wildcard::Wildcard;

/// The fields that each mapping may have, as far as structs have asked for them.
pub(super) type Shapes = HashMap<NodeId, &'static [&'static str]>;

/// Types whose serde name begins with this stand for a secret: what is written in the place of one is never shown.
const CONFIDENTIAL: &str = "Secret";

/// What a round of decoding carries along.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) overlay: &'a Overlay,
    pub(super) shapes: &'a RefCell<Shapes>,
    /// What must not be shown.
    pub(super) secrets: &'a RefCell<BTreeSet<Span>>,
    /// Nodes looked at so far.
    pub(super) visits: &'a Cell<usize>,
}

/// Decodes one node.
#[derive(Clone, Copy)]
pub(super) struct NodeDeserializer<'a> {
    node: &'a Node,
    context: Context<'a>,
}

impl<'a> NodeDeserializer<'a> {
    pub(super) fn new(node: &'a Node, context: Context<'a>) -> Self {
        context.visits.set(context.visits.get().saturating_add(1));
        Self { node, context }
    }

    fn text(&self, expected: Expected) -> Result<&'a str, Error> {
        self.node.text().ok_or_else(|| Error::wrong_type(expected))
    }

    /// Refuses what is no reference to a secret, and notes what might be the secret itself.
    fn keep_secret(&self, variants: &'static [&'static str]) -> Result<(), Error> {
        let mut secrets = self.context.secrets.borrow_mut();
        let Some(entries) = self.node.as_mapping() else {
            secrets.insert(self.node.span);
            return Err(Error::new(Problem::Secret(variants)));
        };
        let unknown = entries.iter().filter(|entry| !variants.contains(&entry.key.as_str()));
        secrets.extend(unknown.map(|entry| entry.value.span));
        Ok(())
    }

    fn list<'de, V: Visitor<'de>>(self, length: Option<usize>, visitor: V) -> Result<V::Value, Error> {
        let expected = || Error::wrong_type(length.map_or(Expected::List, Expected::ListOf));
        let nodes = self.node.as_sequence().ok_or_else(expected)?;
        if length.is_some_and(|length| length != nodes.len()) {
            return Err(expected());
        }
        visitor.visit_seq(Elements { nodes, next: 0, fixed: length.is_some(), context: self.context })
    }

    fn mapping<'de, V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let entries = self.node.as_mapping().ok_or_else(|| Error::wrong_type(Expected::Mapping(fields)))?;
        let mut access = Entries {
            holder: self.node,
            left: entries,
            made_up: self.context.overlay.made_up(self.node.into()),
            current: None,
            context: self.context,
        };
        visitor.visit_map(&mut access).map_err(|error| error.in_mapping(self.node, access.current))
    }
}

macro_rules! integers {
    ($($method:ident: $type:ty => $visit:ident;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let expected = Expected::Integer { min: i128::from(<$type>::MIN), max: i128::from(<$type>::MAX) };
            match self.node.kind {
                NodeKind::Int(int) => match <$type>::try_from(int) {
                    Ok(int) => visitor.$visit(int),
                    Err(_) => Err(Error::wrong_type(expected)),
                },
                _ => Err(Error::wrong_type(expected)),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for NodeDeserializer<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.kind {
            NodeKind::Null => visitor.visit_unit(),
            NodeKind::Bool(value) => visitor.visit_bool(*value),
            NodeKind::Int(int) => visitor.visit_i64(*int),
            NodeKind::Float(float) => visitor.visit_f64(*float),
            NodeKind::String(text) => visitor.visit_str(text),
            NodeKind::Sequence(_) => self.list(None, visitor),
            NodeKind::Mapping(_) => self.mapping(&[], visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node.kind {
            NodeKind::Bool(value) => visitor.visit_bool(value),
            _ => Err(Error::wrong_type(Expected::Bool)),
        }
    }

    integers! {
        deserialize_i8: i8 => visit_i8;
        deserialize_i16: i16 => visit_i16;
        deserialize_i32: i32 => visit_i32;
        deserialize_i64: i64 => visit_i64;
        deserialize_u8: u8 => visit_u8;
        deserialize_u16: u16 => visit_u16;
        deserialize_u32: u32 => visit_u32;
        deserialize_u64: u64 => visit_u64;
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node.kind {
            NodeKind::Float(float) => visitor.visit_f64(float),
            NodeKind::Int(int) => visitor.visit_i64(int),
            _ => Err(Error::wrong_type(Expected::Number)),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut chars = self.text(Expected::Character)?.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => visitor.visit_char(c),
            _ => Err(Error::wrong_type(Expected::Character)),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(self.text(Expected::Text)?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bytes(self.text(Expected::Text)?.as_bytes())
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node.kind {
            NodeKind::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node.kind {
            NodeKind::Null => visitor.visit_unit(),
            _ => Err(Error::wrong_type(Expected::Nothing)),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.list(None, visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        self.list(Some(len), visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.list(Some(len), visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.mapping(&[], visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.context.shapes.borrow_mut().insert(self.node.into(), fields);
        self.mapping(fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name.starts_with(CONFIDENTIAL) {
            self.keep_secret(variants)?;
        }
        let content = match (&self.node.kind, self.node.text()) {
            (NodeKind::Mapping(entries), _) => match entries.as_slice() {
                [entry] => Variant::Entry { holder: self.node, entry, context: self.context },
                _ => return Err(Error::wrong_type(Expected::OneOf(variants))),
            },
            (_, Some(name)) => Variant::Name(name, self.node),
            _ => return Err(Error::wrong_type(Expected::OneOf(variants))),
        };
        visitor.visit_enum(content)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
}

/// The elements of a list. What is to be left out is skipped, except where the length is fixed.
struct Elements<'a> {
    nodes: &'a [Node],
    next: usize,
    fixed: bool,
    context: Context<'a>,
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        while let Some(node) = self.nodes.get(self.next) {
            let index = self.next;
            self.next += 1;
            if self.context.overlay.leaves_out(node) {
                if self.fixed {
                    return seed.deserialize(Wildcard::new()).map(Some).map_err(made_up);
                }
                continue;
            }
            let deserializer = NodeDeserializer::new(node, self.context);
            return seed.deserialize(deserializer).map(Some).map_err(|error| error.in_element(index, node));
        }
        Ok(None)
    }
}

/// The entries of a mapping, then the fields that are made up: so everything that was written is looked at first.
struct Entries<'a> {
    holder: &'a Node,
    left: &'a [Entry],
    made_up: &'a [&'static str],
    /// The entry whose key was read last; none for a field that is made up.
    current: Option<&'a Entry>,
    context: Context<'a>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        while let Some((entry, left)) = self.left.split_first() {
            self.left = left;
            if self.context.overlay.leaves_out(entry) {
                continue;
            }
            self.current = Some(entry);
            let key: StrDeserializer<'_, Error> = entry.key.as_str().into_deserializer();
            return seed.deserialize(key).map(Some).map_err(|error| error.in_key(self.holder, entry));
        }
        self.current = None;
        let Some((field, made_up_left)) = self.made_up.split_first() else { return Ok(None) };
        self.made_up = made_up_left;
        let key: StrDeserializer<'_, Error> = field.into_deserializer();
        seed.deserialize(key).map(Some).map_err(made_up)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        match self.current {
            Some(entry) => seed
                .deserialize(NodeDeserializer::new(&entry.value, self.context))
                .map_err(|error| error.in_value(self.holder, entry)),
            None => seed.deserialize(Wildcard::new()).map_err(made_up),
        }
    }
}

/// An error about something made up is nobody's business.
fn made_up(_: Error) -> Error {
    Error::new(Problem::MadeUp)
}

/// An externally tagged variant: a bare name, or a mapping with the name as its only key.
enum Variant<'a> {
    Name(&'a str, &'a Node),
    Entry { holder: &'a Node, entry: &'a Entry, context: Context<'a> },
}

impl<'de, 'a> EnumAccess<'de> for Variant<'a> {
    type Error = Error;
    type Variant = Content<'a>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Content<'a>), Error> {
        let (name, span, content) = match self {
            Self::Name(name, node) => (name, node.span, Content::Nothing(name)),
            Self::Entry { entry, context, .. } if context.overlay.leaves_out(entry) => {
                (entry.key.as_str(), entry.key_span, Content::LeftOut)
            }
            Self::Entry { holder, entry, context } => {
                (entry.key.as_str(), entry.key_span, Content::Written { holder, entry, context })
            }
        };
        let name: StrDeserializer<'_, Error> = name.into_deserializer();
        let variant = seed.deserialize(name).map_err(|error| error.looking_at(span))?;
        Ok((variant, content))
    }
}

/// What a variant holds.
enum Content<'a> {
    /// Nothing: only the variant's name was written.
    Nothing(&'a str),
    Written {
        holder: &'a Node,
        entry: &'a Entry,
        context: Context<'a>,
    },
    LeftOut,
}

impl<'a> Content<'a> {
    /// What was written, as a deserializer; an error where only the name was.
    fn written(self) -> Result<Option<(NodeDeserializer<'a>, &'a Node, &'a Entry)>, Error> {
        match self {
            Self::Nothing(name) => Err(Error::wrong_type(Expected::ValueOf(name.to_owned()))),
            Self::Written { holder, entry, context } => {
                Ok(Some((NodeDeserializer::new(&entry.value, context), holder, entry)))
            }
            Self::LeftOut => Ok(None),
        }
    }
}

impl<'de> VariantAccess<'de> for Content<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self {
            Self::Written { holder, entry, .. } if entry.value.kind != NodeKind::Null => {
                Err(Error::wrong_type(Expected::Nothing).in_value(holder, entry))
            }
            _ => Ok(()),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Error> {
        match self.written()? {
            Some((node, holder, entry)) => {
                seed.deserialize(node).map_err(|error| error.in_value(holder, entry))
            }
            None => seed.deserialize(Wildcard::new()).map_err(made_up),
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        match self.written()? {
            Some((node, holder, entry)) => {
                node.deserialize_tuple(len, visitor).map_err(|error| error.in_value(holder, entry))
            }
            None => Wildcard::new().deserialize_tuple(len, visitor).map_err(made_up),
        }
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.written()? {
            Some((node, holder, entry)) => {
                node.deserialize_struct("", fields, visitor).map_err(|error| error.in_value(holder, entry))
            }
            None => Wildcard::new().deserialize_struct("", fields, visitor).map_err(made_up),
        }
    }
}
