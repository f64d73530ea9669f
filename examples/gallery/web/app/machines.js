/** The machines: which one answered, in which zone, over the last calls; and a way to keep them busy. */
import { burn, calls, machineNumber, traffic, whoAmI } from './api.js';
import { duration, el } from './dom.js';

const shownCalls = 60;
const askEveryMs = 1000;
const burnMs = 2000;
const burnAtOnce = 4;

export function machinesView() {
  const now = el('div', { class: 'now' });
  const lanes = el('div', { class: 'lanes' });
  const shares = el('tbody', {});
  const problem = el('p', { class: 'problem', role: 'alert', hidden: true });
  let open = true;

  const ask = async () => {
    try {
      drawNow(now, await whoAmI());
      problem.hidden = true;
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
    }
  };
  const draw = () => {
    drawLanes(lanes);
    drawShares(shares);
  };

  const burning = toggle('Burn CPU', 'Stop burning', async (on) => {
    const burner = async () => {
      while (open && on()) {
        try {
          await burn(burnMs);
        } catch {
          await pause(askEveryMs);
        }
      }
    };
    await Promise.all(Array.from({ length: burnAtOnce }, burner));
  });
  const asking = toggle('Keep asking', 'Stop asking', async (on) => {
    while (open && on()) {
      await ask();
      await pause(askEveryMs);
    }
  });
  const many = el('button', { class: 'button', type: 'button' }, 'Ask 20 times');
  many.addEventListener('click', async () => {
    many.disabled = true;
    for (let i = 0; i < 20 && open; i++) await ask();
    many.disabled = false;
  });

  const node = el(
    'div',
    { class: 'page' },
    el(
      'div',
      { class: 'head' },
      el('h1', {}, 'Who answers'),
      el(
        'p',
        { class: 'lead' },
        'Each call goes to one of the machines behind the API’s address, and its answer says which.',
      ),
    ),
    el(
      'div',
      { class: 'panels' },
      el(
        'section',
        { class: 'panel', 'aria-labelledby': 'now-title' },
        el('h2', { id: 'now-title' }, 'Just now'),
        now,
        problem,
        el(
          'div',
          { class: 'row' },
          el('button', { class: 'button primary', type: 'button', onclick: ask }, 'Ask again'),
          many,
          asking,
        ),
      ),
      el(
        'section',
        { class: 'panel', 'aria-labelledby': 'burn-title' },
        el('h2', { id: 'burn-title' }, 'Keep them busy'),
        el(
          'p',
          {},
          `Sends ${burnAtOnce} calls at a time that each keep a processor busy for ${burnMs / 1000} seconds. Kept up for some minutes, it is what makes a group of machines grow.`,
        ),
        el('div', { class: 'row' }, burning),
      ),
    ),
    el(
      'section',
      { class: 'panel', 'aria-labelledby': 'calls-title' },
      el('h2', { id: 'calls-title' }, `The last ${shownCalls} calls`),
      el('p', {}, 'Each mark is a call: its colour is the machine, its height how long the answer took.'),
      lanes,
      el(
        'div',
        { class: 'scroller', role: 'region', tabindex: '0', 'aria-labelledby': 'calls-title' },
        el(
          'table',
          {},
          el(
            'thead',
            {},
            el(
              'tr',
              {},
              ...['Machine', 'Zone', 'Calls', 'Share', 'Median'].map((name) => el('th', { scope: 'col' }, name)),
            ),
          ),
          shares,
        ),
      ),
    ),
  );
  traffic.addEventListener('call', draw);
  draw();
  ask();
  return {
    title: 'Machines',
    node,
    leave: () => {
      open = false;
      traffic.removeEventListener('call', draw);
    },
  };
}

/** A button that is on or off; `run` gets a function that says whether it is still on. */
function toggle(offText, onText, run) {
  const button = el('button', { class: 'button', type: 'button', 'aria-pressed': 'false' }, offText);
  let on = false;
  const set = (value) => {
    on = value;
    button.setAttribute('aria-pressed', String(on));
    button.textContent = on ? onText : offText;
  };
  let turn = 0;
  button.addEventListener('click', () => {
    set(!on);
    const mine = ++turn;
    if (on) run(() => on && turn === mine);
  });
  return button;
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function badge(number) {
  const letter = number < 0 ? '–' : String.fromCharCode(65 + (number % 26));
  return el(
    'span',
    { class: 'badge', 'data-machine': number < 0 ? 'none' : number % 8, 'aria-hidden': 'true' },
    letter,
  );
}

function drawNow(now, { instanceId, zone, instanceType, uptimeSeconds }) {
  now.replaceChildren(
    badge(machineNumber(instanceId)),
    el(
      'div',
      {},
      el('p', { class: 'machine' }, instanceId),
      el(
        'p',
        { class: 'quiet' },
        [zone, instanceType, `up for ${duration(uptimeSeconds)}`].filter((said) => said !== null).join(' · '),
      ),
    ),
  );
}

/** A lane for each zone, a mark for each call: who was asked when, at a glance. The table below says the same. */
function drawLanes(lanes) {
  const last = calls.slice(-shownCalls);
  const zones = [...new Set(last.map(({ zone }) => zone))].sort();
  const summary = zones.map((zone) => `${zone || 'unanswered'}: ${last.filter((one) => one.zone === zone).length}`);
  lanes.setAttribute('role', 'img');
  lanes.setAttribute('aria-label', `Calls by zone, ${summary.join(', ')}`);
  lanes.replaceChildren(
    ...zones.map((zone) =>
      el(
        'div',
        { class: 'lane' },
        el('span', { class: 'lane-name' }, zone || 'no answer'),
        el(
          'div',
          { class: 'lane-calls' },
          ...last.map((one, at) => {
            if (one.zone !== zone) return null;
            const number = machineNumber(one.machine);
            return el('span', {
              class: `mark${one.status >= 500 || one.status === 0 ? ' bad' : ''}`,
              'data-machine': number < 0 ? 'none' : number % 8,
              style: {
                '--at': String(shownCalls - last.length + at),
                '--tall': String(Math.min(1, Math.log10(one.ms + 1) / 3.5)),
              },
              title: `${one.method} ${one.path} · ${one.status || 'no answer'} · ${one.ms} ms · ${one.machine}`,
            });
          }),
        ),
      ),
    ),
  );
}

function drawShares(shares) {
  const last = calls.slice(-shownCalls);
  const rows = [...byMachine(last).values()].sort((a, b) => b.length - a.length);
  shares.replaceChildren(
    ...rows.map((of) => {
      const { machine, zone } = of[0];
      const share = of.length / last.length;
      const sorted = of.map(({ ms }) => ms).sort((a, b) => a - b);
      const number = machineNumber(machine);
      return el(
        'tr',
        {},
        el('th', { scope: 'row' }, el('span', { class: 'named' }, badge(number), machine || 'no answer')),
        el('td', {}, zone || '–'),
        el('td', { class: 'number' }, String(of.length)),
        el(
          'td',
          {},
          el(
            'span',
            { class: 'share' },
            el('span', {
              class: 'share-bar',
              'data-machine': number < 0 ? 'none' : number % 8,
              style: { '--share': String(share) },
            }),
            `${Math.round(share * 100)} %`,
          ),
        ),
        el('td', { class: 'number' }, `${sorted[Math.floor(sorted.length / 2)]} ms`),
      );
    }),
  );
}

function byMachine(last) {
  const groups = new Map();
  for (const one of last) {
    const key = `${one.machine};${one.zone}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return groups;
}
