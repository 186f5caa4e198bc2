// Before the first paint, so that a dark page does not flash white.
let kept = null;
try {
  kept = localStorage.getItem('crossfade.theme');
} catch {
  // A browser that keeps nothing follows the system.
}
const dark = kept ? kept === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
document.documentElement.dataset.theme = dark ? 'dark' : 'light';
