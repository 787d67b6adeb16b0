//! Every sentence that people read by mail and on their phones. They are drivers and directors in
//! Kazakhstan; the language of the owner's document is Russian.

use crate::database::PushKind;
use crate::model::Role;

/// Subject of the letter with a code. The code is not in it: subjects are shown on locked screens.
pub(super) const CODE_SUBJECT: &str = "Код для входа в ForteLeasing";
/// Subject of the letter about too many codes.
pub(super) const WARNING_SUBJECT: &str = "ForteLeasing: необычно много запросов кода";

/// What a letter with a code is made of, as plain text; nothing in it is escaped yet.
pub(super) struct CodeWords<'w> {
    pub(super) company: &'w str,
    pub(super) code: &'w str,
    pub(super) minutes: i64,
    /// Until when it is good, as a clock on the wall shows it.
    pub(super) until: &'w str,
    pub(super) role: Role,
    pub(super) first_name: &'w str,
    pub(super) mobile: &'w str,
    pub(super) device: &'w str,
}

/// The lines of a letter: a heading for the code, and what stands around it.
pub(super) struct Lines {
    pub(super) before: Vec<String>,
    /// Shown large; empty when there is none.
    pub(super) code: String,
    pub(super) after: Vec<String>,
}

/// The letter with a code (Q5): who asks, on which device, and what to do when nobody should.
pub(super) fn code(words: &CodeWords<'_>) -> Lines {
    let asks = match words.role {
        Role::Employee => "сотрудник (водитель)",
        Role::Admin | Role::Reviewer => "директор",
    };
    let mut after = vec![
        format!("Код действует {}, до {}.", minutes(words.minutes), words.until),
        format!("Кто входит: {asks}"),
    ];
    let told = [("Имя", words.first_name), ("Телефон", words.mobile), ("Устройство", words.device)];
    let told = told.iter().filter(|(_, what)| !what.is_empty());
    after.extend(told.map(|(name, what)| format!("{name}: {what}")));
    after.push("Передайте код только тому, кого вы знаете и кому разрешаете войти.".to_owned());
    after.push(
        "Если вы не ждали этого письма, никому не сообщайте код: без него войти нельзя.".to_owned(),
    );
    Lines {
        before: vec![
            "Здравствуйте!".to_owned(),
            format!("В приложение ForteLeasing хотят войти от имени «{}».", words.company),
            "Код для входа:".to_owned(),
        ],
        code: words.code.to_owned(),
        after,
    }
}

/// The letter about too many codes, asked for or guessed.
pub(super) fn warning(company: &str, reason: &str) -> Lines {
    let what = match reason {
        "wrong_codes" => "много раз вводили неверный код: возможно, его пытаются подобрать",
        _ => "запрашивали код для входа необычно часто",
    };
    Lines {
        before: vec![
            "Здравствуйте!".to_owned(),
            format!("За последние сутки от имени «{company}» {what}."),
            "Войти без кода из письма нельзя. Пока это продолжается, новые коды приходят реже."
                .to_owned(),
            "Если это не вы и не ваши сотрудники, никому не сообщайте коды и позвоните своему \
             менеджеру ForteLeasing."
                .to_owned(),
        ],
        code: String::new(),
        after: Vec::new(),
    }
}

/// What a note to a phone is made of.
pub(super) struct NoteWords<'w> {
    pub(super) kind: PushKind,
    /// How many reports it is about.
    pub(super) reports: u64,
    pub(super) report_number: &'w str,
    pub(super) plate: &'w str,
    /// The last day, as people write it; empty when there is none.
    pub(super) due: &'w str,
    pub(super) reason: &'w str,
}

/// The title and the text of a note.
pub(super) fn note(words: &NoteWords<'_>) -> (String, String) {
    let which = which(words);
    let many = words.reports > 1;
    let by = |what: String| {
        if words.due.is_empty() { what } else { format!("{what} Срок: {}.", words.due) }
    };
    let (title, text) = match words.kind {
        PushKind::Assigned if many => {
            ("Новые отчёты", format!("Вам назначены отчёты: {}.", words.reports))
        }
        PushKind::Assigned => ("Новый отчёт", by(format!("Снимите видео: {which}."))),
        PushKind::Due if many => {
            ("Скоро срок", format!("Подходит срок отчётов: {}.", words.reports))
        }
        PushKind::Due => ("Скоро срок отчёта", by(format!("Видео ещё не отправлено: {which}."))),
        PushKind::Approved => ("Видео принято", format!("Отчёт одобрен: {which}.")),
        // 1C may reject without saying why.
        PushKind::Rejected if words.reason.trim().is_empty() => {
            ("Видео не принято", format!("Снимите ещё раз: {which}."))
        }
        PushKind::Rejected => {
            ("Видео не принято", format!("Снимите ещё раз: {which}. Причина: {}", words.reason))
        }
        PushKind::SessionRevoked => {
            ("Выход из приложения", "Вход на этом устройстве завершён. Войдите снова.".to_owned())
        }
    };
    (title.to_owned(), text)
}

fn which(words: &NoteWords<'_>) -> String {
    match (words.plate, words.report_number) {
        ("", number) => format!("отчёт № {number}"),
        (plate, "") => plate.to_owned(),
        (plate, number) => format!("{plate}, отчёт № {number}"),
    }
}

/// «1 минуту», «2 минуты», «10 минут».
fn minutes(count: i64) -> String {
    let word = match (count % 10, count % 100) {
        (1, tens) if tens != 11 => "минуту",
        (2..=4, tens) if !(12..=14).contains(&tens) => "минуты",
        _ => "минут",
    };
    format!("{count} {word}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_counted_as_russian_counts() {
        let said: Vec<String> = [1, 2, 5, 10, 11, 12, 21, 22].map(minutes).into();
        let expected = [
            "1 минуту",
            "2 минуты",
            "5 минут",
            "10 минут",
            "11 минут",
            "12 минут",
            "21 минуту",
            "22 минуты",
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn a_note_says_which_vehicle_and_why() {
        let words = NoteWords {
            kind: PushKind::Rejected,
            reports: 1,
            report_number: "000000001",
            plate: "123ABC02",
            due: "",
            reason: "Темно",
        };
        let (title, text) = note(&words);
        assert_eq!(title, "Видео не принято");
        assert_eq!(text, "Снимите ещё раз: 123ABC02, отчёт № 000000001. Причина: Темно");
        let unsaid = NoteWords { reason: "", ..words };
        assert_eq!(note(&unsaid).1, "Снимите ещё раз: 123ABC02, отчёт № 000000001.");
        let many = NoteWords { kind: PushKind::Assigned, reports: 12, ..words };
        assert_eq!(note(&many).1, "Вам назначены отчёты: 12.");
    }
}
