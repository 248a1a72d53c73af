/** The look of the dashboard (components/ui/tokens.css), of which a page by itself can import nothing. */
export const style = `
:root{color-scheme:light dark;--ground:#faf8f3;--line:#d6cfc0;--text:#17191d;--text-2:#4b515a;--error:#cf1020;
--p0:#6f7782;--p1:#3369d9;--p2:#935200;--p3:#339a7c;--p4:#461097;--p5:#884b7c;--p6:#8a8b11;--p7:#033a4b;--p8:#ae694e}
@media (prefers-color-scheme:dark){:root{--ground:#101318;--line:#323a46;--text:#f1f3f6;--text-2:#b1bac6;--error:#ff4b45;
--p0:#7d8794;--p1:#376be2;--p2:#febd5d;--p3:#0b8e7a;--p4:#c497fe;--p5:#d177a1;--p6:#e3eabd;--p7:#a3ebfb;--p8:#d3a991}}
body{margin:0;background:var(--ground);color:var(--text);font:15px/1.4 system-ui,sans-serif}
main{max-width:1100px;margin:0 auto;padding:24px}
h1{margin:0;font-size:26px}h2{margin:28px 0 6px;font-size:18px}
.brand{margin:0 0 8px;font-weight:700}.facts,.notes,footer{color:var(--text-2)}.notes{white-space:pre-wrap}
.scroll{overflow-x:auto}
table{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:6px 16px 6px 0;border-top:1px solid var(--line);text-align:left;vertical-align:baseline}
th{border:0;color:var(--text-2);font-size:13px;font-weight:450}
svg{display:block;width:100%;height:auto}
svg text{fill:var(--text-2);font:12px system-ui,sans-serif}
.share{shape-rendering:crispEdges}.lost{fill:var(--error)}
.change{stroke:var(--text);stroke-width:1}.frame{fill:none;stroke:var(--line)}.p50{fill:none;stroke:var(--text);stroke-width:1.5}
.p99{fill:none;stroke:var(--text-2);stroke-width:1;stroke-dasharray:3 3}
.s0{fill:var(--p0)}.s1{fill:var(--p1)}.s2{fill:var(--p2)}.s3{fill:var(--p3)}.s4{fill:var(--p4)}.s5{fill:var(--p5)}
.s6{fill:var(--p6)}.s7{fill:var(--p7)}.s8{fill:var(--p8)}
footer{margin-top:32px;padding-top:8px;border-top:1px solid var(--line);font-size:13px}
@media print{main{max-width:none}}
`;
