@tasks @workers @process @validation
Feature: The palette of a character
  The founding fleet, its types as they stand, and the colour validator in Python at the desk of the one whose work it is.

  @R3.14 @R3.15
  Scenario Outline: A concept is looked at by itself, and one outside its palette comes back
    Given the founding fleet as a process
    And the <language> worker works for L3-CHAR-COLOR-001
    And ARTEMIS has delegated the concept task of a scout in slate to L2-CHAR-001
    And L2-CHAR-001 starts the concept task
    And L2-CHAR-001 has painted the pink picture of the concept task in pink
    When L2-CHAR-001 hands in the pink picture for the concept task
    Then in a moment the validation of the concept task is FAILED
    And the concept task is IN_PROGRESS
    And the findings of the concept task name the rule "palette" and say "#FF00AA"
    When L2-CHAR-001 has painted the slate picture of the concept task in slate
    And L2-CHAR-001 hands in the slate picture for the concept task
    Then in a moment the concept task is REVIEW_REQUESTED
    And the validation of the concept task is PASSED

    Examples:
      | language |
      | Python   |
