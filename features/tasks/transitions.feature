@tasks @transitions @R3.02 @R3.03
Feature: The moves that a task may make
  Nine statuses, and for each verb those from which it leads on. Anything else is refused, and the refusal says what is
  allowed instead.

  Background:
    Given the studio

  Scenario Outline: Assigning a task
    Given the portrait task of L2-CHAR-001 is <status>
    When ARTEMIS assigns the portrait task to L2-CHAR-001
    Then <outcome>

    Examples: From here it leads on
      | status   | outcome                       |
      | PENDING  | the portrait task is ASSIGNED |
      | REJECTED | the portrait task is ASSIGNED |

    Examples: From here it does not
      | status           | outcome                                |
      | IN_PROGRESS      | it is refused with INVALID_TRANSITION  |
      | REVIEW_REQUESTED | it is refused with INVALID_TRANSITION  |
      | APPROVED         | it is refused with INVALID_TRANSITION  |
      | COMPLETED        | it is refused with INVALID_TRANSITION  |
      | FAILED           | it is refused with INVALID_TRANSITION  |
      | CANCELLED        | it is refused with INVALID_TRANSITION  |

  Scenario Outline: Starting a task
    Given the portrait task of L2-CHAR-001 is <status>
    When L2-CHAR-001 starts the portrait task
    Then <outcome>

    Examples:
      | status           | outcome                                |
      | ASSIGNED         | the portrait task is IN_PROGRESS       |
      | IN_PROGRESS      | it is refused with INVALID_TRANSITION  |
      | REVIEW_REQUESTED | it is refused with INVALID_TRANSITION  |
      | APPROVED         | it is refused with INVALID_TRANSITION  |
      | REJECTED         | it is refused with INVALID_TRANSITION  |
      | COMPLETED        | it is refused with INVALID_TRANSITION  |
      | FAILED           | it is refused with INVALID_TRANSITION  |
      | CANCELLED        | it is refused with INVALID_TRANSITION  |

  Scenario Outline: Asking for a review
    Given the portrait task of L2-CHAR-001 is <status>
    When L2-CHAR-001 asks for a review of the portrait task with the sketch "a fox at rest"
    Then <outcome>

    Examples:
      | status           | outcome                                |
      | IN_PROGRESS      | the portrait task is REVIEW_REQUESTED  |
      | ASSIGNED         | it is refused with INVALID_TRANSITION  |
      | REVIEW_REQUESTED | it is refused with INVALID_TRANSITION  |
      | APPROVED         | it is refused with INVALID_TRANSITION  |
      | REJECTED         | it is refused with INVALID_TRANSITION  |
      | COMPLETED        | it is refused with INVALID_TRANSITION  |
      | FAILED           | it is refused with INVALID_TRANSITION  |
      | CANCELLED        | it is refused with INVALID_TRANSITION  |

  Scenario Outline: Approving a task
    Given the portrait task of L2-CHAR-001 is <status>
    When ARTEMIS approves the portrait task
    Then <outcome>

    Examples:
      | status           | outcome                                |
      | REVIEW_REQUESTED | the portrait task is APPROVED          |
      | PENDING          | it is refused with INVALID_TRANSITION  |
      | ASSIGNED         | it is refused with INVALID_TRANSITION  |
      | IN_PROGRESS      | it is refused with INVALID_TRANSITION  |
      | APPROVED         | it is refused with INVALID_TRANSITION  |
      | REJECTED         | it is refused with INVALID_TRANSITION  |
      | COMPLETED        | it is refused with INVALID_TRANSITION  |
      | FAILED           | it is refused with INVALID_TRANSITION  |
      | CANCELLED        | it is refused with INVALID_TRANSITION  |

  Scenario Outline: Rejecting a task
    Given the portrait task of L2-CHAR-001 is <status>
    When ARTEMIS rejects the portrait task because "more fox"
    Then <outcome>

    Examples:
      | status           | outcome                                |
      | REVIEW_REQUESTED | the portrait task is ASSIGNED          |
      | PENDING          | it is refused with INVALID_TRANSITION  |
      | ASSIGNED         | it is refused with INVALID_TRANSITION  |
      | IN_PROGRESS      | it is refused with INVALID_TRANSITION  |
      | APPROVED         | it is refused with INVALID_TRANSITION  |
      | REJECTED         | it is refused with INVALID_TRANSITION  |
      | COMPLETED        | it is refused with INVALID_TRANSITION  |
      | FAILED           | it is refused with INVALID_TRANSITION  |
      | CANCELLED        | it is refused with INVALID_TRANSITION  |

  Scenario Outline: Completing a task
    Given the portrait task of L2-CHAR-001 is <status>
    When L2-CHAR-001 completes the portrait task with the sketch "a fox at rest"
    Then <outcome>

    Examples:
      | status           | outcome                                |
      | IN_PROGRESS      | the portrait task is COMPLETED         |
      | ASSIGNED         | it is refused with INVALID_TRANSITION  |
      | REVIEW_REQUESTED | it is refused with INVALID_TRANSITION  |
      | REJECTED         | it is refused with INVALID_TRANSITION  |
      | COMPLETED        | it is refused with INVALID_TRANSITION  |
      | FAILED           | it is refused with INVALID_TRANSITION  |
      | CANCELLED        | it is refused with INVALID_TRANSITION  |

  Scenario Outline: Failing a task
    Given the portrait task of L2-CHAR-001 is <status>
    When L2-CHAR-001 fails the portrait task because "the brush broke"
    Then <outcome>

    Examples:
      | status           | outcome                                |
      | IN_PROGRESS      | the portrait task is FAILED            |
      | ASSIGNED         | it is refused with INVALID_TRANSITION  |
      | REVIEW_REQUESTED | it is refused with INVALID_TRANSITION  |
      | APPROVED         | it is refused with INVALID_TRANSITION  |
      | REJECTED         | it is refused with INVALID_TRANSITION  |
      | COMPLETED        | it is refused with INVALID_TRANSITION  |
      | CANCELLED        | it is refused with INVALID_TRANSITION  |

  Scenario Outline: Retrying a task
    Given the portrait task of L2-CHAR-001 is <status>
    When ARTEMIS retries the portrait task
    Then <outcome>

    Examples:
      | status           | outcome                                |
      | FAILED           | the portrait task is ASSIGNED          |
      | PENDING          | it is refused with INVALID_TRANSITION  |
      | ASSIGNED         | it is refused with INVALID_TRANSITION  |
      | IN_PROGRESS      | it is refused with INVALID_TRANSITION  |
      | REVIEW_REQUESTED | it is refused with INVALID_TRANSITION  |
      | APPROVED         | it is refused with INVALID_TRANSITION  |
      | REJECTED         | it is refused with INVALID_TRANSITION  |
      | COMPLETED        | it is refused with INVALID_TRANSITION  |
      | CANCELLED        | it is refused with INVALID_TRANSITION  |

  Scenario Outline: Cancelling a task
    Given the portrait task of L2-CHAR-001 is <status>
    When ARTEMIS cancels the portrait task
    Then <outcome>

    Examples:
      | status           | outcome                                |
      | PENDING          | the portrait task is CANCELLED         |
      | ASSIGNED         | the portrait task is CANCELLED         |
      | IN_PROGRESS      | the portrait task is CANCELLED         |
      | REVIEW_REQUESTED | the portrait task is CANCELLED         |
      | APPROVED         | it is refused with INVALID_TRANSITION  |
      | REJECTED         | it is refused with INVALID_TRANSITION  |
      | COMPLETED        | it is refused with INVALID_TRANSITION  |
      | FAILED           | it is refused with INVALID_TRANSITION  |
      | CANCELLED        | it is refused with INVALID_TRANSITION  |

  Scenario: A refused move names from, to and what is allowed
    Given the portrait task of L2-CHAR-001 is ASSIGNED
    When L2-CHAR-001 completes the portrait task
    Then it is refused with INVALID_TRANSITION
    And the refusal names ASSIGNED, COMPLETED and what is allowed from there

  Scenario Outline: A task says itself where it may go
    Given the portrait task of L2-CHAR-001 is <status>
    Then the portrait task may go to <statuses>

    Examples:
      | status           | statuses                                             |
      | PENDING          | ASSIGNED and CANCELLED                               |
      | ASSIGNED         | ASSIGNED, IN_PROGRESS and CANCELLED                  |
      | IN_PROGRESS      | REVIEW_REQUESTED, COMPLETED, FAILED and CANCELLED    |
      | REVIEW_REQUESTED | APPROVED, REJECTED and CANCELLED                     |
      | APPROVED         | COMPLETED                                            |
      | REJECTED         | ASSIGNED                                             |
      | FAILED           | ASSIGNED                                             |

  Scenario Outline: A finished task goes nowhere
    Given the portrait task of L2-CHAR-001 is <status>
    Then the portrait task may go nowhere

    Examples:
      | status    |
      | COMPLETED |
      | CANCELLED |
