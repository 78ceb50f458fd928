//! What the languages look like, as far as colours need it.

/// How a language is written.
pub(super) struct Language {
    /// What stands after a fence, in small letters.
    pub(super) names: &'static [&'static str],
    pub(super) keywords: &'static [&'static str],
    pub(super) line_comments: &'static [&'static str],
    pub(super) block_comment: Option<(&'static str, &'static str)>,
    pub(super) quotes: &'static [char],
    pub(super) has_triple_quotes: bool,
    /// `SELECT` is `select`.
    pub(super) ignores_case: bool,
    /// A word before a bracket is called.
    pub(super) has_calls: bool,
    /// A word with a capital names a type.
    pub(super) has_types: bool,
    /// `<a>`.
    pub(super) has_tags: bool,
}

const SLASHES: &[&str] = &["//"];
const HASH: &[&str] = &["#"];
const STARS: Option<(&str, &str)> = Some(("/*", "*/"));
const BOTH: &[char] = &['"', '\''];

/// What most of them have in common.
const C: Language = Language {
    names: &[],
    keywords: &[],
    line_comments: SLASHES,
    block_comment: STARS,
    quotes: BOTH,
    has_triple_quotes: false,
    ignores_case: false,
    has_calls: true,
    has_types: true,
    has_tags: false,
};

/// Settings: values and remarks.
const SETTINGS: Language = Language {
    line_comments: HASH,
    block_comment: None,
    has_calls: false,
    has_types: false,
    keywords: &["true", "false", "null", "yes", "no", "on", "off"],
    ..C
};

pub(super) const LANGUAGES: &[Language] = &[
    Language {
        names: &["rust", "rs"],
        quotes: &['"'],
        keywords: &[
            "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern", "false",
            "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return",
            "self", "Self", "static", "struct", "super", "trait", "true", "type", "unsafe", "use", "where", "while",
        ],
        ..C
    },
    Language {
        names: &["javascript", "js", "jsx", "mjs", "typescript", "ts", "tsx"],
        quotes: &['"', '\'', '`'],
        keywords: &[
            "abstract", "any", "as", "async", "await", "boolean", "break", "case", "catch", "class", "const",
            "continue", "default", "delete", "do", "else", "enum", "export", "extends", "false", "finally", "for",
            "from", "function", "if", "implements", "import", "in", "instanceof", "interface", "keyof", "let", "new",
            "null", "number", "of", "private", "protected", "public", "readonly", "return", "static", "string",
            "super", "switch", "this", "throw", "true", "try", "type", "typeof", "undefined", "var", "void", "while",
            "yield",
        ],
        ..C
    },
    Language {
        names: &["python", "py", "python3"],
        line_comments: HASH,
        block_comment: None,
        has_triple_quotes: true,
        keywords: &[
            "and", "as", "assert", "async", "await", "break", "case", "class", "continue", "def", "del", "elif",
            "else", "except", "False", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda",
            "match", "None", "nonlocal", "not", "or", "pass", "raise", "return", "self", "True", "try", "while",
            "with", "yield",
        ],
        ..C
    },
    Language {
        names: &["sh", "bash", "shell", "zsh", "console", "fish"],
        line_comments: HASH,
        block_comment: None,
        has_calls: false,
        has_types: false,
        keywords: &[
            "alias", "break", "case", "cd", "continue", "curl", "do", "done", "echo", "elif", "else", "esac", "exit",
            "export", "fi", "find", "for", "function", "grep", "if", "in", "local", "read", "return", "sed", "set",
            "shift", "source", "sudo", "then", "trap", "unset", "until", "while",
        ],
        ..C
    },
    Language {
        names: &["go", "golang"],
        quotes: &['"', '\'', '`'],
        keywords: &[
            "break", "case", "chan", "const", "continue", "default", "defer", "else", "fallthrough", "false", "for",
            "func", "go", "if", "import", "interface", "map", "nil", "package", "range", "return", "select", "struct",
            "switch", "true", "type", "var",
        ],
        ..C
    },
    Language {
        names: &["c", "h", "cpp", "c++", "hpp", "cc", "objective-c", "arduino"],
        keywords: &[
            "auto", "bool", "break", "case", "catch", "char", "class", "const", "constexpr", "continue", "default",
            "delete", "do", "double", "else", "enum", "extern", "false", "float", "for", "if", "inline", "int",
            "long", "namespace", "new", "nullptr", "NULL", "operator", "private", "protected", "public", "return",
            "short", "signed", "sizeof", "static", "struct", "switch", "template", "this", "throw", "true", "try",
            "typedef", "typename", "union", "unsigned", "using", "virtual", "void", "volatile", "while",
        ],
        ..C
    },
    Language {
        names: &["java", "kotlin", "kt", "scala", "csharp", "cs", "c#", "swift", "dart", "groovy"],
        keywords: &[
            "abstract", "as", "async", "await", "base", "bool", "boolean", "break", "byte", "case", "catch", "char",
            "class", "const", "continue", "data", "decimal", "default", "def", "do", "double", "else", "enum",
            "extends", "extension", "false", "final", "finally", "float", "for", "foreach", "fun", "func", "get",
            "guard", "if", "implements", "import", "in", "init", "int", "interface", "internal", "is", "let", "long",
            "match", "namespace", "new", "nil", "null", "object", "open", "out", "override", "package", "private",
            "protected", "protocol", "public", "record", "return", "sealed", "self", "set", "short", "static",
            "string", "struct", "super", "switch", "this", "throw", "throws", "trait", "true", "try", "using", "val",
            "var", "virtual", "void", "when", "where", "while", "with", "yield",
        ],
        ..C
    },
    Language {
        names: &["php"],
        line_comments: &["//", "#"],
        keywords: &[
            "array", "as", "break", "case", "catch", "class", "const", "continue", "default", "do", "echo", "else",
            "elseif", "extends", "false", "final", "finally", "fn", "for", "foreach", "function", "if", "implements",
            "interface", "match", "namespace", "new", "null", "private", "protected", "public", "readonly", "return",
            "static", "switch", "throw", "trait", "true", "try", "use", "var", "while", "yield",
        ],
        ..C
    },
    Language {
        names: &["ruby", "rb", "elixir", "ex", "crystal"],
        line_comments: HASH,
        block_comment: None,
        keywords: &[
            "alias", "and", "begin", "break", "case", "class", "def", "defmodule", "do", "else", "elsif", "end",
            "ensure", "false", "fn", "for", "if", "in", "module", "next", "nil", "not", "or", "puts", "raise",
            "require", "rescue", "return", "self", "super", "then", "true", "unless", "until", "when", "while",
            "yield",
        ],
        ..C
    },
    Language {
        names: &["lua", "haskell", "hs"],
        line_comments: &["--"],
        block_comment: None,
        quotes: &['"'],
        keywords: &[
            "and", "break", "case", "class", "data", "deriving", "do", "else", "elseif", "end", "false", "for",
            "function", "if", "import", "in", "instance", "let", "local", "module", "newtype", "nil", "not", "of",
            "or", "repeat", "return", "then", "true", "type", "until", "where", "while",
        ],
        ..C
    },
    Language {
        names: &["sql", "postgres", "postgresql", "sqlite", "mysql", "plsql"],
        line_comments: &["--"],
        ignores_case: true,
        has_types: false,
        keywords: &[
            "add", "all", "alter", "and", "as", "asc", "begin", "between", "by", "case", "check", "column", "commit",
            "constraint", "create", "cross", "default", "delete", "desc", "distinct", "drop", "else", "end", "exists",
            "foreign", "from", "full", "group", "having", "if", "in", "index", "inner", "insert", "into", "is",
            "join", "key", "left", "like", "limit", "not", "null", "offset", "on", "or", "order", "outer", "over",
            "partition", "primary", "references", "returning", "right", "rollback", "select", "set", "table", "then",
            "union", "unique", "update", "using", "values", "view", "when", "where", "with",
        ],
        ..C
    },
    Language { names: &["json", "jsonc", "json5"], line_comments: SLASHES, block_comment: STARS, ..SETTINGS },
    Language { names: &["yaml", "yml", "toml", "ini", "conf", "properties", "env", "dotenv", "nix", "hcl"], ..SETTINGS },
    Language {
        names: &["dockerfile", "docker", "makefile", "make", "cmake", "nginx"],
        keywords: &[
            "FROM", "RUN", "CMD", "COPY", "ADD", "ENV", "ARG", "EXPOSE", "WORKDIR", "ENTRYPOINT", "USER", "VOLUME",
            "LABEL", "HEALTHCHECK", "AS", "include", "ifeq", "endif", "server", "location", "listen", "proxy_pass",
        ],
        ..SETTINGS
    },
    Language { names: &["css", "scss", "less"], line_comments: &[], has_types: false, ..C },
    Language {
        names: &["html", "xml", "svg", "vue", "svelte", "htm"],
        line_comments: &[],
        block_comment: Some(("<!--", "-->")),
        has_calls: false,
        has_types: false,
        has_tags: true,
        ..C
    },
];
