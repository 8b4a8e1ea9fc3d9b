// Follows the end of a conversation while the reader is there, and leaves them alone when they are not.
const NEAR_END = 90;

export class Follower {
  #scroller;
  #pill;
  #isFollowing = true;
  #lastTop = 0;
  #observer = new ResizeObserver(() => this.#grown());
  #onScroll = () => this.#scrolled();
  #onPill = () => this.toEnd();

  constructor(scroller, content, pill) {
    this.#scroller = scroller;
    this.#pill = pill;
    scroller.addEventListener("scroll", this.#onScroll, { passive: true });
    pill.addEventListener("click", this.#onPill);
    this.#observer.observe(content);
    this.#observer.observe(scroller);
  }

  stop() {
    this.#observer.disconnect();
    this.#scroller.removeEventListener("scroll", this.#onScroll);
    this.#pill.removeEventListener("click", this.#onPill);
  }

  /** Something new was added at the end; say so if it is out of sight. */
  noteNews() {
    if (!this.#isFollowing) this.#pill.hidden = false;
  }

  toEnd() {
    this.#isFollowing = true;
    this.#pill.hidden = true;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #grown() {
    if (this.#isFollowing) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    // Only moving up is the reader's wish to stay: content that grew before this event arrived is no reason.
    const movedUp = scrollTop < this.#lastTop;
    this.#lastTop = scrollTop;
    if (scrollHeight - scrollTop - clientHeight < NEAR_END) this.#isFollowing = true;
    else if (movedUp) this.#isFollowing = false;
    if (this.#isFollowing) this.#pill.hidden = true;
  }
}
