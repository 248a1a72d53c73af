import { paths } from '../ui/paths.ts';

/** Before the agent has answered: the same places, and what each path is; why nothing moves is said once, elsewhere. */
export function Shell({ side }: { side: 'near' | 'far' }) {
  return paths.slice(...(side === 'near' ? [0, 2] : [2, 4])).map(({ id, label, how }) => (
    <section key={id} className="note" data-testid={`lane-${id}`} data-state="connecting">
      <h2 className="note-name">{label}</h2>
      <p className="note-verdict note-wait">{how}</p>
    </section>
  ));
}
