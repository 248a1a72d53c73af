import type { Picker, PolicyHelper, PolicySubchannel } from './port.ts';
import { type AskingHabits, ReadyChildren } from './ready-children.ts';

/**
 * gRFC A48: draws `choices` READY endpoints at random, the same one twice if it comes so, and takes the one with the
 * fewest calls in flight from this channel; the first drawn among equals. So a pod that answers slowly gets fewer
 * calls, and while all answer fast the spread is nearly that of random.
 */
export class LeastRequest<S extends PolicySubchannel> extends ReadyChildren<S> {
  readonly name = 'least_request';
  private readonly choices: number;

  /** `choices`: A48's choiceCount, 2 to 10 (larger ones count as 10). */
  constructor(helper: PolicyHelper<S>, choices: number, habits: AskingHabits = {}) {
    super(helper, habits);
    this.choices = Math.min(10, Math.max(2, choices));
  }

  protected makePicker(ready: readonly S[]): Picker<S> {
    const { choices } = this;
    const { random } = this.helper;
    const results = ready.map((subchannel, index) => ({
      t: 'complete' as const,
      subchannel,
      how: `least_request, ${index + 1} of ${ready.length}: fewest in flight of ${choices} drawn`,
    }));
    const draw = () => results[Math.floor(random() * results.length)] as (typeof results)[number];
    return {
      pick() {
        let best = draw();
        let fewest = best.subchannel.inFlight;
        for (let n = 1; n < choices; n++) {
          const other = draw();
          const { inFlight } = other.subchannel;
          if (inFlight >= fewest) continue;
          best = other;
          fewest = inFlight;
        }
        return best;
      },
    };
  }
}
