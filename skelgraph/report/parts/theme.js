// Light or dark: as the system says until the button is pressed.
const preferred = window.matchMedia("(prefers-color-scheme: dark)");
const watchers = [];

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : preferred.matches;
}

function nameTheme(button) {
  button.textContent = isDark() ? "Light page" : "Dark page";
}

function startTheme() {
  const button = document.getElementById("theme");
  const changed = () => {
    nameTheme(button);
    watchers.forEach((watcher) => watcher());
  };
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    changed();
  });
  preferred.addEventListener("change", changed);
  nameTheme(button);
}

// A canvas needs the colour itself, which only a drawn element knows.
function colourOf(name) {
  const probe = make("span", { colours: { color: `var(--${name})` } });
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found.match(/[\d.]+/g).slice(0, 3).map(Number);
}
