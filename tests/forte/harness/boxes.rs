//! MP4 files as trees that a test can edit.

/// Container boxes, and the number of bytes before their first child.
pub(crate) const CONTAINERS: [(&[u8; 4], usize); 14] = [
    (b"moov", 0),
    (b"trak", 0),
    (b"edts", 0),
    (b"mdia", 0),
    (b"minf", 0),
    (b"dinf", 0),
    (b"stbl", 0),
    (b"mvex", 0),
    (b"moof", 0),
    (b"traf", 0),
    (b"udta", 0),
    (b"stsd", 8),
    (b"dref", 8),
    (b"avc1", 78),
];

/// A box, or the whole file.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) kind: [u8; 4],
    /// Fields; the whole body of a box without children.
    pub(crate) fields: Vec<u8>,
    pub(crate) children: Vec<Node>,
}

/// A box without children.
pub(crate) fn leaf(kind: [u8; 4], body: &[u8]) -> Node {
    Node { kind, fields: body.to_vec(), children: Vec::new() }
}

/// A full box of version 0 with a count and a table of 32-bit numbers.
pub(crate) fn table(kind: [u8; 4], count: u32, numbers: &[u32]) -> Node {
    let numbers = [&[0, count], numbers].concat();
    leaf(
        kind,
        numbers.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<u8>>().as_slice(),
    )
}

/// The bytes of a box around a body.
pub(crate) fn boxed(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 8).unwrap();
    [&size.to_be_bytes()[..], &kind, body].concat()
}

impl Node {
    /// Parses a good file.
    pub(crate) fn parse(file: &[u8]) -> Self {
        Self { kind: *b"file", fields: Vec::new(), children: parse_children(file) }
    }

    /// The bytes of the box; of a file, those of all its boxes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let children: Vec<u8> = self.children.iter().flat_map(Self::bytes).collect();
        let body = [self.fields.clone(), children].concat();
        if self.kind == *b"file" { body } else { boxed(self.kind, &body) }
    }

    /// The box at a path such as `moov/trak:1/mdia`; `:1` means the second of its kind.
    pub(crate) fn at(&mut self, path: &str) -> &mut Self {
        path.split('/').fold(self, |node, step| {
            let index = node.index(step);
            &mut node.children[index]
        })
    }

    /// The position of the box at a path in the file.
    pub(crate) fn position(&self, path: &str) -> u64 {
        let (mut node, mut at) = (self, 0);
        for step in path.split('/') {
            let header = if node.kind == *b"file" { 0 } else { 8 };
            let (before, rest) = node.children.split_at(node.index(step));
            let before: usize = before.iter().map(|child| child.bytes().len()).sum();
            at += header + node.fields.len() + before;
            node = &rest[0];
        }
        at as u64
    }

    /// Removes the box at a path.
    pub(crate) fn remove(&mut self, path: &str) -> Self {
        let (parent, step) = self.parent(path);
        let index = parent.index(step);
        parent.children.remove(index)
    }

    /// Replaces the box at a path.
    pub(crate) fn replace(&mut self, path: &str, other: Self) {
        *self.at(path) = other;
    }

    /// Inserts a copy of the box at a path after it.
    pub(crate) fn double(&mut self, path: &str) {
        let (parent, step) = self.parent(path);
        let index = parent.index(step);
        parent.children.insert(index, parent.children[index].clone());
    }

    /// Writes a number into the fields.
    pub(crate) fn set(&mut self, offset: usize, number: u32) {
        self.fields[offset..offset + 4].copy_from_slice(&number.to_be_bytes());
    }

    /// Reads a number from the fields.
    pub(crate) fn get(&self, offset: usize) -> u32 {
        u32::from_be_bytes(self.fields[offset..offset + 4].try_into().unwrap())
    }

    /// Adds to a number in the fields, which may be negative.
    pub(crate) fn add(&mut self, offset: usize, by: i32) {
        let number = self.get(offset).wrapping_add_signed(by);
        self.set(offset, number);
    }

    /// Adds to all chunk offsets, as inserting a box before the media requires.
    pub(crate) fn shift_chunks(&mut self, by: i32) {
        if self.kind == *b"stco" {
            for offset in (8..self.fields.len()).step_by(4) {
                self.add(offset, by);
            }
        }
        for child in &mut self.children {
            child.shift_chunks(by);
        }
    }

    /// Empties the sample tables of a track, as in an initialization segment.
    pub(crate) fn empty_track(&mut self) {
        let stbl = self.at("mdia/minf/stbl");
        stbl.children.retain(|child| child.kind == *b"stsd");
        let tables = [(*b"stts", &[][..]), (*b"stsc", &[]), (*b"stsz", &[0]), (*b"stco", &[])];
        for (kind, rest) in tables {
            stbl.children.push(table(kind, 0, rest));
        }
    }

    fn parent<'p>(&mut self, path: &'p str) -> (&mut Self, &'p str) {
        match path.rsplit_once('/') {
            Some((parent, step)) => (self.at(parent), step),
            None => (self, path),
        }
    }

    fn index(&self, step: &str) -> usize {
        let (kind, place) = step.split_once(':').unwrap_or((step, "0"));
        let same = self.children.iter().enumerate().filter(|(_, it)| it.kind == kind.as_bytes());
        let found = same.map(|(index, _)| index).nth(place.parse().unwrap());
        found.unwrap_or_else(|| panic!("no {step}"))
    }
}

fn parse_children(mut bytes: &[u8]) -> Vec<Node> {
    let mut children = Vec::new();
    while bytes.len() >= 8 {
        let size = u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize;
        let (found, rest) = bytes.split_at(size);
        children.push(parse_box(found));
        bytes = rest;
    }
    children
}

fn parse_box(found: &[u8]) -> Node {
    let kind: [u8; 4] = found[4..8].try_into().unwrap();
    let body = &found[8..];
    match CONTAINERS.iter().find(|(name, _)| **name == kind) {
        None => leaf(kind, body),
        Some((_, fixed)) => {
            let children = parse_children(&body[*fixed..]);
            Node { kind, fields: body[..*fixed].to_vec(), children }
        }
    }
}
