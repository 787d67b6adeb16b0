//! Keys by which people find plates, vehicles, reports and contracts.
//!
//! A key consists of digits and Latin capitals only: databases order other characters in different ways, and
//! a search by prefix reads a range of an index. Letters that look alike in Cyrillic and Latin are the same
//! in a key, because both are typed on plates. Everything that is not a letter or a digit is left out.

/// In characters. The longest of the texts, a VIN, has 17.
const MAX_KEY_LENGTH: usize = 32;

/// People read the end of a VIN aloud.
const VIN_TAIL_LENGTH: usize = 6;

/// Cyrillic letters that look like Latin ones.
const LOOK_ALIKES: [(char, &str); 13] = [
    ('А', "A"),
    ('В', "B"),
    ('Е', "E"),
    ('К', "K"),
    ('М', "M"),
    ('Н', "H"),
    ('О', "O"),
    ('Р', "P"),
    ('С', "C"),
    ('Т', "T"),
    ('У', "Y"),
    ('Х', "X"),
    ('І', "I"),
];

/// The other letters of Russian and Kazakh, romanised, so that they count in a search.
const ROMANISED: [(char, &str); 29] = [
    ('Б', "B"),
    ('Г', "G"),
    ('Д', "D"),
    ('Ё', "E"),
    ('Ж', "ZH"),
    ('З', "Z"),
    ('И', "I"),
    ('Й', "I"),
    ('Л', "L"),
    ('П', "P"),
    ('Ф', "F"),
    ('Ц', "TS"),
    ('Ч', "CH"),
    ('Ш', "SH"),
    ('Щ', "SCH"),
    ('Ъ', ""),
    ('Ы', "Y"),
    ('Ь', ""),
    ('Э', "E"),
    ('Ю', "YU"),
    ('Я', "YA"),
    ('Ә', "A"),
    ('Ғ', "G"),
    ('Қ', "K"),
    ('Ң', "N"),
    ('Ө', "O"),
    ('Ұ', "U"),
    ('Ү', "U"),
    ('Һ', "H"),
];

/// The keys of a Latin keyboard, each with the letter that the Russian and the Kazakh layout have there.
const LETTER_KEYS: [(char, char); 33] = [
    ('Q', 'Й'),
    ('W', 'Ц'),
    ('E', 'У'),
    ('R', 'К'),
    ('T', 'Е'),
    ('Y', 'Н'),
    ('U', 'Г'),
    ('I', 'Ш'),
    ('O', 'Щ'),
    ('P', 'З'),
    ('[', 'Х'),
    (']', 'Ъ'),
    ('A', 'Ф'),
    ('S', 'Ы'),
    ('D', 'В'),
    ('F', 'А'),
    ('G', 'П'),
    ('H', 'Р'),
    ('J', 'О'),
    ('K', 'Л'),
    ('L', 'Д'),
    (';', 'Ж'),
    ('\'', 'Э'),
    ('Z', 'Я'),
    ('X', 'Ч'),
    ('C', 'С'),
    ('V', 'М'),
    ('B', 'И'),
    ('N', 'Т'),
    ('M', 'Ь'),
    (',', 'Б'),
    ('.', 'Ю'),
    ('`', 'Ё'),
];

/// The row of digits, where the Kazakh layout has letters and signs.
const DIGIT_KEYS: [(char, char); 10] = [
    ('1', '"'),
    ('2', 'Ә'),
    ('3', 'І'),
    ('4', 'Ң'),
    ('5', 'Ғ'),
    ('6', ','),
    ('7', '.'),
    ('8', 'Ү'),
    ('9', 'Ұ'),
    ('0', 'Қ'),
];

/// The key of a plate, a VIN or a contract's number, or of what somebody types to find one. Empty if the text
/// has neither a letter nor a digit.
pub fn search_key(text: &str) -> String {
    let mut key = String::new();
    for char in text.chars().flat_map(char::to_uppercase) {
        match char {
            'A'..='Z' | '0'..='9' => key.push(char),
            _ => key.push_str(latin(char)),
        }
        if key.len() >= MAX_KEY_LENGTH {
            key.truncate(MAX_KEY_LENGTH);
            break;
        }
    }
    key
}

/// The key of a report's number, or of what somebody types to find one: without the zeros at its start, which
/// nobody types.
pub fn number_key(text: &str) -> String {
    search_key(text).trim_start_matches('0').to_owned()
}

/// The key of the end of a VIN; empty if the VIN is not longer than that.
pub fn vin_tail_key(vin: &str) -> String {
    let key = search_key(vin);
    let start = key.len().saturating_sub(VIN_TAIL_LENGTH);
    if start == 0 { String::new() } else { key.get(start..).unwrap_or_default().to_owned() }
}

/// The text as the same keys give it in the other layout: Latin for a text with Cyrillic letters, and the
/// reverse. `None` for a text without letters.
pub fn in_other_layout(text: &str) -> Option<String> {
    let upper: String = text.chars().flat_map(char::to_uppercase).collect();
    if upper.chars().any(is_cyrillic) {
        return Some(upper.chars().map(to_latin_key).collect());
    }
    let has_letter = upper.chars().any(|char| char.is_ascii_uppercase());
    has_letter.then(|| upper.chars().map(to_cyrillic_letter).collect())
}

fn latin(char: char) -> &'static str {
    let mut letters = LOOK_ALIKES.iter().chain(&ROMANISED);
    letters.find(|(letter, _)| *letter == char).map_or("", |(_, latin)| latin)
}

fn is_cyrillic(char: char) -> bool {
    ('\u{400}'..='\u{52f}').contains(&char)
}

fn to_latin_key(char: char) -> char {
    let mut keys = LETTER_KEYS.iter().chain(&DIGIT_KEYS);
    keys.find(|(_, other)| *other == char).map_or(char, |(key, _)| *key)
}

fn to_cyrillic_letter(char: char) -> char {
    LETTER_KEYS.iter().find(|(key, _)| *key == char).map_or(char, |(_, letter)| *letter)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn look_alikes_spaces_hyphens_and_case_do_not_matter() {
        for plate in
            ["417 KZT 02", "417-кzт-02", "417КZТ02", " 417kzt02 ", "417\u{a0}KZT\u{2013}02"]
        {
            assert_eq!(search_key(plate), "417KZT02", "{plate}");
        }
        assert_eq!(search_key("АВЕКМНОРСТУХ"), "ABEKMHOPCTYX");
        assert_eq!(search_key("№27-5/19 (ДФЛ)"), "27519DFL");
        assert_eq!(search_key("№ (—) 汉"), "");
    }

    #[test]
    fn zeros_at_the_start_of_a_number_do_not_matter() {
        assert_eq!(number_key("000004182"), "4182");
        assert_eq!(number_key("4182"), "4182");
        assert_eq!(number_key("№ 00-041"), "41");
        assert_eq!(number_key("ЛЗ00041"), "LZ00041");
        assert_eq!(number_key("0000"), "");
    }

    #[test]
    fn a_vin_is_also_found_by_its_last_six() {
        assert_eq!(vin_tail_key("XW8ZZZ00ZKG100217"), "100217");
        assert_eq!(vin_tail_key("100217"), "");
        assert_eq!(vin_tail_key(""), "");
    }

    #[test]
    fn a_text_in_the_wrong_layout_is_swapped_in_both_directions() {
        let swapped = |text: &str| in_other_layout(text).unwrap_or_default();
        assert_eq!(swapped("417 ляе 02"), "417 KZT 02");
        assert_eq!(swapped("Ң\".ЛЯЕҚӘ"), "417KZT02", "digits of the Kazakh layout");
        assert_eq!(swapped("lak"), "ДФЛ");
        assert_eq!(in_other_layout("417-02"), None);
    }

    proptest! {
        #[test]
        fn a_key_has_only_digits_and_latin_capitals(text in "\\PC{0,60}") {
            for key in [search_key(&text), number_key(&text), vin_tail_key(&text)] {
                prop_assert!(key.len() <= MAX_KEY_LENGTH);
                prop_assert!(key.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()));
            }
        }

        #[test]
        fn a_key_is_the_key_of_itself(text in "[ -~А-яЁёӘәҒғҚқҢңӨөҰұҮүҺһІі]{0,40}") {
            let key = search_key(&text);
            prop_assert_eq!(search_key(&key), key.clone());
            prop_assert_eq!(number_key(&number_key(&text)), number_key(&text));
            prop_assert_eq!(search_key(&text.to_lowercase()), key);
        }

        /// This is what a search by prefix relies on.
        #[test]
        fn the_key_of_a_beginning_is_the_beginning_of_the_key(
            start in "[ -~А-яӘҒҚҢӨҰҮҺІ]{0,15}", rest in "[ -~А-яӘҒҚҢӨҰҮҺІ]{0,15}",
        ) {
            let whole = format!("{start}{rest}");
            prop_assert!(search_key(&whole).starts_with(&search_key(&start)));
            let number = number_key(&start);
            prop_assert!(number.is_empty() || number_key(&whole).starts_with(&number));
        }

        #[test]
        fn swapping_twice_gives_the_same_letters(text in "[А-Я]{1,20}") {
            let swapped = in_other_layout(&text).unwrap_or_default();
            prop_assume!(swapped.chars().any(|char| char.is_ascii_uppercase()));
            prop_assert_eq!(in_other_layout(&swapped), Some(text));
        }
    }
}
