// The page's languages. English is the source: its texts are the keys of the other one.

import texts from './ko.json';

const korean: Record<string, string> = texts;

export type Language = 'en' | 'ko';
export const LANGUAGES: [Language, string][] = [
  ['en', 'English'],
  ['ko', '한국어'],
];

const KEPT = 'crossfade.language';

function first(): Language {
  const kept = localStorage.getItem(KEPT);
  if (kept === 'en' || kept === 'ko') return kept;
  return navigator.languages.find((tag) => /^(en|ko)\b/.test(tag))?.startsWith('ko') ? 'ko' : 'en';
}

const state = $state({ language: first() });
document.documentElement.lang = state.language;

export const language = () => state.language;

export function speak(language: Language) {
  state.language = language;
  document.documentElement.lang = language;
  localStorage.setItem(KEPT, language);
}

/** The text in the chosen language, `{name}` filled in. */
export function t(text: string, values: Record<string, string | number> = {}): string {
  const said = state.language === 'ko' ? (korean[text] ?? text) : text;
  return said.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
