//! Choices of an effect as a host sees them.

/// A host's view of one choice of an effect. The ids are for ever.
#[macro_export]
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident of $of:path: $($id:literal $shown:literal $variant:ident),+) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
        #[expect(missing_docs, reason = "the names say all")]
        pub enum $name {
            $(#[id = $id] #[name = $shown] $variant),+
        }

        impl From<$of> for $name {
            fn from(of: $of) -> Self {
                use $of as Of;
                match of { $(Of::$variant => Self::$variant),+ }
            }
        }

        impl From<$name> for $of {
            fn from(choice: $name) -> Self {
                match choice { $($name::$variant => Self::$variant),+ }
            }
        }
    };
}
