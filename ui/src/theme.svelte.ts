// Light or dark: as the system has it, unless somebody chose. `theme.js` sets the first one.

const KEPT = 'crossfade.theme';
const system = matchMedia('(prefers-color-scheme: dark)');

const state = $state({ dark: document.documentElement.dataset.theme === 'dark' });

system.addEventListener('change', (event) => {
  if (localStorage.getItem(KEPT) === null) show(event.matches);
});

export const isDark = () => state.dark;

export function toggleTheme() {
  show(!state.dark);
  localStorage.setItem(KEPT, state.dark ? 'dark' : 'light');
}

function show(dark: boolean) {
  // First the document, then the charts, which read its colours.
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
  state.dark = dark;
}
