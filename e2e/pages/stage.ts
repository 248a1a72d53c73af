import { expect, type Locator, type Page } from '@playwright/test';

/** The Stage view as a person uses it. */
export class StagePage {
  readonly page: Page;
  readonly #url: string;

  constructor(page: Page, url: string) {
    this.page = page;
    this.#url = url;
  }

  async open(query = 'view=stage'): Promise<void> {
    await this.page.goto(`${this.#url}/?${query}`);
    await expect(this.live).toHaveAttribute('data-state', 'live');
  }

  /** State and sequence of the stream. */
  get live(): Locator {
    return this.page.getByTestId('live');
  }

  get root(): Locator {
    return this.page.getByTestId('stage');
  }

  /** The picture's text alternative: what it shows now. */
  get picture(): Locator {
    return this.page.locator('.scene-canvas[role="img"]');
  }

  lane(id: string): Locator {
    return this.page.getByTestId(`lane-${id}`);
  }

  row(id: string): Locator {
    return this.page.getByTestId(`book-${id}`);
  }

  bracket(id: string): Locator {
    return this.page.getByTestId(`bracket-${id}`);
  }

  figure(handle: string): Locator {
    return this.page.getByTestId(`figure-${handle}`);
  }

  /** A lane's corners of the pods: `used`, `idle`, `missing`, `ghost`, `gone`. */
  corners(laneId: string, state?: string): Locator {
    const suffix = state ? `[data-state="${state}"]` : '';
    return this.page.locator(`[data-testid^="corner-${laneId}-"]${suffix}`);
  }

  /** Opens a pod's menu by its figure and chooses an entry by its visible name. */
  async podMenu(handle: string, entry: string | RegExp): Promise<void> {
    await this.page.getByTestId(`pod-menu-${handle}`).click();
    await this.page.getByRole('menuitem', { name: entry }).click();
  }
}
