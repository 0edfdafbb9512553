//! The page: one file that needs nothing else.

use super::figures::{Figure, all};
use super::words::{printable, rows};
use super::{Report, words};

const STYLE: &str = include_str!("style.css");

/// The report as HTML that is also well-formed XML.
pub(super) fn html(report: &Report) -> String {
    let about = &report.about;
    let (name, class) = (escape(&about.name), escape(&about.class));
    let mut page = String::from("<!DOCTYPE html>\n");
    // Nothing is fetched and no script runs, whatever a name may contain.
    page += &format!(
        "<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\"><head><meta charset=\"utf-8\"/>\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src \
         'unsafe-inline'\"/><meta name=\"viewport\" content=\"width=device-width, \
         initial-scale=1\"/><meta name=\"color-scheme\" content=\"light dark\"/>\
         <title>{name}: training report</title>\n<style>\n{STYLE}</style></head>\n<body><main>\n"
    );
    page += &format!(
        "<header><p class=\"kind\">Training report</p><h1>{name}</h1><p>{class}, <span class=\"date\">{}</span></p></header>\n",
        escape(&about.date)
    );
    page += &verdict(report);
    page += &notices(report);
    page += "<section class=\"figures\">\n";
    all(report).iter().for_each(|f| page += &figure(f));
    page += "</section>\n";
    page += &tables(report);
    page += "</main></body></html>\n";
    page
}

fn verdict(report: &Report) -> String {
    let (verdict, n) = (report.verdict, &report.numbers);
    let said = |x: Option<f64>, say: fn(f64) -> String| x.map_or("none".to_owned(), say);
    let mut cards = vec![
        ("ESR", said(n.esr, words::small)),
        ("Null depth", said(n.null_db, |db| format!("{} dB", words::fixed(db, 1)))),
    ];
    if let Some(tone) = report.tones.last() {
        cards.push(("Alias level", format!("{} dB", words::fixed(tone.alias_db, 0))));
    }
    if let Some(times) = report.cost.real_time {
        let digits = usize::from(times < 10.0);
        cards.push(("Speed", format!("{} × real time", words::fixed(times, digits))));
    }
    let card = |(label, value): &(&str, String)| {
        format!("<div><dt>{label}</dt><dd>{}</dd></div>", escape(value))
    };
    let cards: String = cards.iter().map(card).collect();
    let class = verdict.word().to_lowercase();
    format!(
        "<section class=\"verdict {class}\"><p><strong>{}</strong> {}</p>\n<dl>{cards}</dl>\
         </section>\n",
        verdict.word(),
        verdict.sentence()
    )
}

fn notices(report: &Report) -> String {
    let notices = report.notices();
    if notices.is_empty() {
        return String::new();
    }
    let item = |n: &String| format!("<li>{}</li>\n", escape(n));
    let items: String = notices.iter().map(item).collect();
    format!("<section class=\"notices\"><h2>Notices</h2><ul>\n{items}</ul></section>\n")
}

fn figure(figure: &Figure) -> String {
    let key = |(class, text): &(&str, String)| {
        format!("<li><i class=\"{class}\"></i>{}</li>", escape(text))
    };
    let legend: String = figure.legend.iter().map(key).collect();
    format!(
        "<figure><h2>{}</h2><ul class=\"legend\">{legend}</ul>{}<figcaption>{}</figcaption>\
         </figure>\n",
        escape(&figure.title),
        figure.svg,
        escape(&figure.caption)
    )
}

fn tables(report: &Report) -> String {
    let row = |r: &words::Row| {
        let (label, value, meaning) = (r.label, escape(&r.value), r.meaning);
        format!("<tr><th scope=\"row\">{label}</th><td>{value}</td><td>{meaning}</td></tr>\n")
    };
    let numbers: String = rows(report).iter().map(row).collect();
    let mut text = format!(
        "<section class=\"numbers\"><h2>Numbers</h2><table><tbody>\n{numbers}</tbody></table>\
         </section>\n"
    );
    if !report.about.settings.is_empty() {
        let setting = |(name, value): &(String, String)| {
            let (name, value) = (escape(name), escape(value));
            format!("<tr><th scope=\"row\">{name}</th><td>{value}</td></tr>\n")
        };
        let settings: String = report.about.settings.iter().map(setting).collect();
        text += &format!(
            "<section class=\"numbers\"><h2>Settings</h2><table><tbody>\n{settings}</tbody>\
             </table></section>\n"
        );
    }
    text
}

/// Text as it may stand in elements and attributes.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '&' => safe += "&amp;",
            '"' => safe += "&quot;",
            '\'' => safe += "&#39;",
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
