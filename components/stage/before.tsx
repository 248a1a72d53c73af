import { Shell } from './shell.tsx';
import { Unlit } from './unlit.tsx';

/** What stands in the page itself, until the view and its code are there: the same places, and nothing to act on. */
export function Before() {
  return (
    <div className="stage" data-size="desk" aria-busy="true">
      <header className="header">
        <span className="brand">lbscope</span>
        <div className="header-controls">
          <p className="sentence sentence-wait">Asking the agent what runs…</p>
        </div>
      </header>
      <section className="stage-head" />
      <main className="stage-main">
        <section className="scene">
          <div className="scene-side scene-near">
            <Shell side="near" />
          </div>
          <div className="scene-picture">
            <Unlit />
          </div>
          <div className="scene-side scene-far">
            <Shell side="far" />
          </div>
        </section>
      </main>
    </div>
  );
}
