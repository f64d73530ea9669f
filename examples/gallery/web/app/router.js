/** Addresses to views, by the history API: a link is a link, can be opened in a new tab, and works when loaded first. */

const scrolls = new Map();
let views = [];
let leave = () => {};
let key = '';

/**
 * `views`: `{ path: RegExp, show(match) → { title, node, leave? } }`, the last of them for everything else.
 */
export function startRouter(table) {
  views = table;
  history.scrollRestoration = 'manual';
  key = history.state?.key ?? newKey();
  history.replaceState({ key }, '');
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a[data-link]') : null;
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (link === null || !plain || event.defaultPrevented) return;
    event.preventDefault();
    go(link.getAttribute('href'), link.querySelector('img'));
  });
  addEventListener('popstate', (event) => {
    scrolls.set(key, scrollY);
    key = event.state?.key ?? newKey();
    render({ scrollTo: scrolls.get(key) ?? 0 });
  });
  render({ first: true });
}

/** `picture`: an image that becomes part of the next view. */
export function go(href, picture = null) {
  if (href !== location.pathname) {
    scrolls.set(key, scrollY);
    key = newKey();
    history.pushState({ key }, '', href);
  }
  render({ picture });
}

function newKey() {
  return Math.random().toString(36).slice(2);
}

function render({ first = false, scrollTo = 0, picture = null }) {
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const swap = () => {
    picture?.style.removeProperty('view-transition-name');
    leave();
    const { path, show } = views.find((view) => view.path.test(location.pathname)) ?? views.at(-1);
    const view = show(path.exec(location.pathname) ?? []);
    leave = view.leave ?? (() => {});
    setTitle(view.title);
    const main = document.getElementById('main');
    main.replaceChildren(view.node);
    for (const link of document.querySelectorAll('nav a')) {
      const here = link.getAttribute('href') === location.pathname;
      if (here) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    if (!first) {
      // Whoever reads by ear or by keyboard starts at the new view, too.
      main.focus({ preventScroll: true });
      jumpTo(scrollTo);
    }
  };
  if (first || still || !document.startViewTransition) return swap();
  picture?.style.setProperty('view-transition-name', 'picture');
  const transition = document.startViewTransition(swap);
  // A transition that is skipped (a hidden tab, the next click) is no error.
  for (const part of [transition.ready, transition.finished]) part.catch(() => {});
}

function jumpTo(top) {
  window.scrollTo({ top, behavior: 'instant' });
}

export function setTitle(title) {
  document.title = title === '' ? 'Gallery' : `${title} · Gallery`;
}
