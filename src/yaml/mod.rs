//! Yaml.
