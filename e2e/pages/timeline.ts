import { expect, type Locator, type Page } from '@playwright/test';

/** The Timeline view as a person uses it. */
export class TimelinePage {
  readonly page: Page;
  readonly #url: string;

  constructor(page: Page, url: string) {
    this.page = page;
    this.#url = url;
  }

  async open(query = 'view=timeline'): Promise<void> {
    await this.page.goto(`${this.#url}/?${query}`);
    await expect(this.live).toHaveAttribute('data-state', 'live');
  }

  /** State and sequence of the stream. */
  get live(): Locator {
    return this.page.getByTestId('live');
  }

  get headline(): Locator {
    return this.page.getByTestId('headline');
  }

  lane(id: string): Locator {
    return this.page.getByTestId(`lane-${id}`);
  }

  verdict(id: string): Locator {
    return this.page.getByTestId(`lane-${id}-verdict`);
  }

  bracket(id: string): Locator {
    return this.page.getByTestId(`bracket-${id}`);
  }

  podRows(laneId: string, standing?: string): Locator {
    const suffix = standing ? `[data-standing="${standing}"]` : '';
    return this.page.locator(`[data-testid^="pod-row-${laneId}-"]${suffix}`);
  }

  /** Shares of a lane's pods as shown, 0 to 1, by handle. */
  async shares(laneId: string): Promise<number[]> {
    const rows = await this.podRows(laneId).all();
    return Promise.all(rows.map(async (row) => Number(await row.getAttribute('data-share'))));
  }

  async replicas(change: 'plus' | 'minus'): Promise<void> {
    await this.page.getByTestId(`replicas-${change}`).click();
  }

  /** Opens a pod's menu and chooses an entry by its visible name. */
  async podMenu(handle: string, entry: string | RegExp): Promise<void> {
    await this.page.getByTestId(`pod-menu-${handle}`).first().click();
    await this.page.getByRole('menuitem', { name: entry }).click();
  }

  async sequence(): Promise<number> {
    return Number(await this.live.getAttribute('data-sequence'));
  }

  /** Waits until the page has received something newer than now. */
  async advances(): Promise<void> {
    const before = await this.sequence();
    await expect.poll(() => this.sequence()).toBeGreaterThan(before);
  }
}
