/** AWS Graviton families have a `g` after the generation: `t4g`, `c7gn`, `m6gd`; the first was `a1`. */
export function architectureOf(instanceType: string): 'arm64' | 'x86_64' {
  return /^(a1\.|[a-z]+\d+g)/.test(instanceType) ? 'arm64' : 'x86_64';
}
