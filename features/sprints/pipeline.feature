@sprints
Feature: The character pipeline
  A director builds up a specialist and its twelve micro-agents in seven phases, from a template that the studio began with.

  Background:
    Given the founding fleet

  @R7.01 @R7.04
  Scenario: The founding template has seven phases with their weights and tasks
    When ARTEMIS makes the scout sprint for L2-CHAR-001 from the template "character-pipeline"
    Then the scout sprint is DRAFT
    And the scout sprint has these phases:
      | kind           | weight | tasks   |
      | PLANNING       | 5      | 4       |
      | INFRASTRUCTURE | 10     | 4       |
      | IMPLEMENTATION | 50     | 3, 6, 6 |
      | INTEGRATION    | 15     | 3       |
      | E2E_TESTING    | 10     | 16      |
      | QUALITY_GATES  | 5      | none    |
      | DOCUMENTATION  | 5      | 4       |
    And the scout sprint has no tasks in all

  @R7.04
  Scenario: Its twelve micro-agents have six tasks in each of two waves
    Given ARTEMIS makes the scout sprint for L2-CHAR-001 from the template "character-pipeline"
    When ARTEMIS starts the scout sprint
    Then the scout sprint is RUNNING
    And the scout sprint has 46 tasks in all
    And wave 1 of phase 2 of the scout sprint is work for these agents:
      | L3-CHAR-PROMPT-001  |
      | L3-CHAR-STYLE-001   |
      | L3-CHAR-COLOR-001   |
      | L3-CHAR-PROP-001    |
      | L3-CHAR-POSE-001    |
      | L3-CHAR-ANATOMY-001 |
    And wave 2 of phase 2 of the scout sprint is work for these agents:
      | L3-CHAR-LIGHT-001      |
      | L3-CHAR-SHADOW-001     |
      | L3-CHAR-RESOLUTION-001 |
      | L3-CHAR-FORMAT-001     |
      | L3-CHAR-METADATA-001   |
      | L3-CHAR-STORAGE-001    |

  @R7.04
  Scenario: The template has one lead
    When ARTEMIS makes the scout sprint for L2-ABIL-001 from the template "character-pipeline"
    Then it is refused with BAD_USER_INPUT
    And the refusal mentions "L2-CHAR-001"

  @R7.04
  Scenario: A template that there is not
    When ARTEMIS makes the scout sprint for L2-CHAR-001 from the template "goose-pipeline"
    Then it is refused with BAD_USER_INPUT
    And the refusal mentions "character-pipeline"

  @R7.01
  Scenario: Without a template there are the seven phases, to be filled
    When ARTEMIS makes the scout sprint for L2-CHAR-001 without a template
    Then the scout sprint has these phases:
      | kind           | weight | tasks |
      | PLANNING       | 5      | none  |
      | INFRASTRUCTURE | 10     | none  |
      | IMPLEMENTATION | 50     | none  |
      | INTEGRATION    | 15     | none  |
      | E2E_TESTING    | 10     | none  |
      | QUALITY_GATES  | 5      | none  |
      | DOCUMENTATION  | 5      | none  |
