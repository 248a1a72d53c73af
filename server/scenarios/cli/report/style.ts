/** Ground, text and pod colours are those of the dashboard (components/ui/tokens.css): a pod has the same colour in both. */
export const style = `
:root{color-scheme:dark light;--ground:#101318;--floor:#171b22;--line:#323a46;--text:#f1f3f6;--text-2:#b1bac6;--text-3:#8b96a5;
--error:#ff4b45;--pass:#5bd0a8;--doubt:#febd5d;--undecided:#5c6878;
--pod-1:#376be2;--pod-2:#febd5d;--pod-3:#0b8e7a;--pod-4:#c497fe;--pod-5:#d177a1;--pod-6:#e3eabd;--pod-7:#a3ebfb;--pod-8:#d3a991;--pod-0:#7d8794}
@media (prefers-color-scheme:light){:root{--ground:#faf8f3;--floor:#f1ede3;--line:#d6cfc0;--text:#17191d;--text-2:#4b515a;--text-3:#656a73;
--error:#cf1020;--pass:#0b6e5a;--doubt:#8a5200;--undecided:#9aa0a8;
--pod-1:#3369d9;--pod-2:#935200;--pod-3:#339a7c;--pod-4:#461097;--pod-5:#884b7c;--pod-6:#8a8b11;--pod-7:#033a4b;--pod-8:#ae694e;--pod-0:#6f7782}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);font:16px/1.5 "Inter Variable",Inter,system-ui,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:72rem;margin:0 auto;padding:3rem 1.5rem 6rem}
h1{font-size:1.1rem;font-weight:600;margin:0 0 1.5rem;color:var(--text-2)}
h2{font-size:2rem;line-height:1.2;font-weight:650;letter-spacing:-.01em;margin:0}
h3{font-size:.85rem;font-weight:600;color:var(--text-3);margin:2.5rem 0 .75rem}
p{margin:.75rem 0 0;max-width:46rem}
a{color:inherit}
.summary{display:grid;grid-template-columns:auto 1fr auto;gap:.35rem 1rem;border-block:1px solid var(--line);padding:1rem 0;margin-bottom:4rem}
.summary a{text-decoration:none}.summary a:hover{text-decoration:underline}
.summary .took{color:var(--text-3);text-align:right}
section{border-top:1px solid var(--line);padding-top:2.5rem;margin-top:4rem}
section:first-of-type{border-top:0;padding-top:0;margin-top:0}
.head{display:flex;gap:1.5rem;align-items:baseline;justify-content:space-between;flex-wrap:wrap}
.outcome{font-weight:650;white-space:nowrap}
.pass{color:var(--pass)}.fail,.could_not_run{color:var(--error)}.inconclusive,.aborted{color:var(--doubt)}
.story{color:var(--text-2);font-size:1.05rem}
.note{color:var(--doubt);font-size:.92rem}
.lane{display:grid;grid-template-columns:11rem 1fr;gap:.25rem 1.25rem;align-items:center;margin-top:.9rem}
.lane b{font-weight:600;display:block;line-height:1.25}.lane small{color:var(--text-3);font-size:.8rem;line-height:1.3;display:block}
svg{display:block;width:100%;height:auto;overflow:visible}
svg .label{font:600 11px/1 system-ui,sans-serif;fill:var(--text-2)}
svg .tick{font:11px/1 system-ui,sans-serif;fill:var(--text-3)}
svg .rule{stroke:var(--text);stroke-opacity:.65;stroke-width:1;vector-effect:non-scaling-stroke}
.legend{display:flex;flex-wrap:wrap;gap:.3rem 1.1rem;margin:1rem 0 0 12.25rem;color:var(--text-2);font-size:.85rem}
.legend i{display:inline-block;width:.8rem;height:.8rem;margin-right:.4rem;vertical-align:-.06rem}
table{border-collapse:collapse;width:100%}
td{padding:.6rem 1.25rem .6rem 0;vertical-align:top;border-top:1px solid var(--line)}
tr:first-child td{border-top:0}
td:first-child{width:7.5rem;font-weight:600;white-space:nowrap}
td small{display:block;color:var(--text-3);font-size:.85rem}
td .figure{color:var(--text-2)}
.question{margin-top:.75rem}.question b{font-weight:600}
ol{list-style:none;margin:0;padding:0;color:var(--text-2);font-size:.92rem}
ol li{display:grid;grid-template-columns:4.5rem 1fr;gap:.75rem;padding:.15rem 0}
ol time{color:var(--text-3);text-align:right}
details summary{cursor:pointer;color:var(--text-3);font-size:.85rem;font-weight:600;margin:2.5rem 0 .75rem}
footer{margin-top:5rem;color:var(--text-3);font-size:.85rem}
@media (max-width:44rem){.lane{grid-template-columns:1fr}.legend{margin-left:0}td:first-child{width:auto}}
@media print{body{background:#fff}section{break-inside:avoid}}
`;
