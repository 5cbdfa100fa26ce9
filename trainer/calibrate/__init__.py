"""What a photograph of the chart says of a panel.

photograph.py   the chart in a picture: markers, perspective, what the patches hold; what makes it unusable
measure.py      light and camera taken out; ghosts, tones and dot gain with their uncertainty
report.py       a page that shows what was found
"""
