"""Given names by culture, with their short forms: how people are called, and what their friends call them."""

from functools import cache

from nicknames import NickNamer

from app.sandbox.spoken.drawing import Drawn, listed, zipf

# Ordered by how common they are; the order makes the weights.
GIVEN_NAMES: dict[str, tuple[str, ...]] = {
    "english": listed("""
        Michael James Jennifer David Mary John Robert Jessica William Elizabeth Christopher Sarah Matthew Ashley
        Daniel Emily Joseph Amanda Joshua Lisa Andrew Michelle Ryan Kimberly Brian Stephanie Thomas Melissa
        Kevin Nicole Anthony Amy Jason Laura Steven Rebecca Timothy Katherine Jeffrey Rachel Eric Samantha
        Justin Heather Nicholas Christina Brandon Angela Jonathan Megan Benjamin Hannah Jacob Lauren Tyler Kelly
        Adam Karen Aaron Susan Nathan Julie Zachary Patricia Kyle Linda Samuel Barbara Scott Nancy Patrick
        Sandra Alexander Victoria Gregory Emma Sean Olivia Stephen Natalie Paul Danielle Mark Erin Richard
        Allison Charles Courtney Kenneth Alexandra George Abigail Edward Madison Ronald Grace Jesse Chloe Travis
        Sophia Dylan Haley Logan Caroline Ethan Jacqueline Noah Margaret Lucas Molly Caleb Brooke Connor Jenna
        Cody Leah Jordan Morgan Austin Taylor Evan Kayla Gabriel Alyssa Ian Cheryl Keith Donna Craig Carol
        Philip Sharon Alan Deborah Douglas Pamela Bruce Cynthia Carl Kathleen Randy Debra Roger Anna Gerald
        Diane Lawrence Janet Peter Catherine Henry Christine Jack Virginia Walter Theresa Arthur Frances Albert
        Gloria Louis Teresa Wayne Marie Russell Judith Harold Beverly Vincent Denise Eugene Tammy Bobby Jane
        Johnny Lori Ralph Tiffany Roy Tracy Philip Dawn Randall Wendy Howard Holly Curtis Robin Oliver Claire
        Isaac Audrey Simon Ruth Elliot Naomi Max Ella Owen Zoe Miles Lucy Graham Alice Colin Sylvia Neil Eleanor
        Geoffrey Phoebe Stuart Harriet Shawn Shannon Dustin Crystal Derek Vanessa Marcus April Chad Erica Joel
        Kristen Trevor Lindsay Blake Whitney Spencer Bethany Garrett Monica Wesley Veronica Seth Brittany Dakota
        Sierra Hunter Paige Chase Jasmine Jared Autumn Mitchell Destiny Bradley Tara Corey Meredith Darren
        Bridget Duane Leslie Clifford Joanna Warren Kathryn Dennis Annette Terry Rose Jerry Evelyn Larry Dorothy
        Raymond Helen Frank Martha Aiden Ava Mason Isabella Liam Mia Jayden Charlotte Wyatt Amelia Carter Harper
        Levi Lily Cooper Nora Parker Hazel Bennett Stella Reid Ivy Malik Aaliyah Darnell Keisha Tyrone Latoya
        DeShawn Imani Jamal Ebony Terrence Shanice Andre Tamika Maurice Nia
    """),
    "hispanic": listed("""
        José María Juan Carlos Luis Ana Miguel Sofía Jesús Gabriela Antonio Isabel Francisco Carmen Alejandro
        Daniela Manuel Valentina Ricardo Lucía Fernando Adriana Eduardo Claudia Javier Verónica Roberto Patricia
        Rafael Mónica Sergio Rosa Jorge Guadalupe Pedro Alejandra Raúl Mariana Héctor Silvia Óscar Elena Andrés
        Paola Diego Marisol Santiago Yolanda Joaquín Esperanza Enrique Ximena Arturo Camila Gerardo Lorena Ramón
        Beatriz Julio Pilar Ernesto Inés Mateo Araceli César Rocío Emilio Graciela Gustavo Natalia Ignacio
        Leticia Xavier Yesenia
    """),
    "german": listed("""
        Thomas Anna Michael Julia Andreas Sabine Stefan Katharina Christian Claudia Markus Susanne Matthias
        Petra Jürgen Monika Wolfgang Birgit Klaus Heike Uwe Ursula Jörg Angelika Tobias Franziska Florian
        Johanna Sebastian Lena Alexander Anke Maximilian Greta Felix Marlene Jonas Frieda Lukas Anja Niklas
        Svenja Günther Gisela Heinrich Ingrid Dieter Renate Karl Ilse Björn Alena Sören Kerstin Rainer Ulrike
        Torsten Steffi Anneliese Käthe
    """),
    "french": listed("""
        Jean Marie Pierre Sophie Michel Camille Philippe Céline Nicolas Isabelle François Aurélie Laurent Émilie
        Olivier Chloé Julien Manon Antoine Élodie Guillaume Mathilde Sébastien Léa Étienne Hélène Jérôme
        Nathalie Benoît Margaux Jean-Pierre Anne-Marie Luc Geneviève Rémi Noémie Thierry Solange Jean-Luc
        Marie-Claire Yves Brigitte
    """),
    "italian": listed("""
        Marco Giulia Giuseppe Francesca Antonio Chiara Giovanni Sara Andrea Martina Luca Valentina Matteo
        Alessia Alessandro Elena Lorenzo Silvia Davide Paola Stefano Federica Simone Giorgia Roberto Ilaria
        Paolo Beatrice Enzo Ludovica Niccolò Gianna Salvatore Rosaria Vincenzo Concetta Domenico Carmela
    """),
    "slavic": listed("""
        Piotr Anna Krzysztof Katarzyna Andrzej Małgorzata Tomasz Agnieszka Paweł Magdalena Marek Joanna Jan Ewa
        Łukasz Monika Wojciech Zofia Ivan Olga Dmitri Natalia Sergei Svetlana Alexei Irina Vladimir Tatiana
        Mikhail Ekaterina Nikolai Yulia Oleksandr Oksana Bohdan Daryna Petr Jana Tomáš Lucie Jiří Zdeňka Miloš
        Jelena Nikola Dragana Goran Ivana Zoran Mirela Kateřina Ondřej Stanislav Ludmila
    """),
    "vietnamese": listed("""
        Minh Linh Anh Huong Tuan Thao Hung Lan Dung Mai Hai Trang Duc Phuong Long Ngoc Nam Thuy Khanh Hoa Quang
        Yen Binh Kim Thanh Nhung Son Van Vinh Hanh Khoa Tien Bao Chau Kevin Tiffany Andy Jenny
    """),
    "korean": listed("""
        Ji-woo Min-jun Seo-yeon Hyun-woo Soo-jin Young-ho Ji-hye Sung-min Eun-ji Jae-hyun Mi-kyung Dong-hyun
        Hye-jin Sang-woo Yuna Jin-ho Grace Daniel Esther Joon Sora Paul Hannah Tae-yang Minji Kyung-soo Haneul
        Jiho
    """),
    "chinese": listed("""
        Wei Fang Li Na Jing Min Yan Jun Lei Xin Hui Ying Hao Mei Bo Xiaoming Jie Qing Tao Yu Chen Lin Ping Hong
        Yifan Zihan Xiuying Jianguo Kevin Amy Eric Vivian Jason Cindy Peter Grace Jacky Winnie Xiaoyan Guoqiang
    """),
    "indian": listed("""
        Raj Priya Amit Anjali Rahul Neha Sanjay Pooja Vijay Deepa Arjun Kavita Rohan Shreya Suresh Lakshmi Anil
        Divya Ravi Meera Vikram Sunita Ashok Nisha Karthik Aishwarya Manish Ritu Sandeep Swati Harpreet Gurpreet
        Krishnan Padma Aditya Ananya Venkatesh Radhika Nikhil Ishita Abhishek Jyoti Siddharth Tanvi
    """),
    "arabic": listed("""
        Mohammed Fatima Ahmed Aisha Ali Zainab Omar Maryam Hassan Layla Ibrahim Noor Yusuf Amina Khalid Salma
        Mustafa Hana Tariq Yasmin Abdullah Rania Karim Samira Bilal Nadia Samir Dalia Faisal Huda Mahmoud Leila
    """),
    "japanese": listed("""
        Hiroshi Yuki Takashi Keiko Kenji Yoko Satoshi Akiko Kazuo Naomi Haruto Sakura Ren Aoi Daisuke Megumi
        Shinji Tomoko Yuto Hina Kenta Emi Ryo Mika Taro Hanako Jun Rei
    """),
    "nordic": listed("""
        Lars Anna Erik Ingrid Anders Kristin Magnus Astrid Johan Karin Nils Sigrid Olaf Freja Søren Mette Jens
        Kirsten Mikkel Annika Bjørn Liv Gunnar Elin Åsa Håkan Maja Jørgen Solveig Torbjörn Saga Aino Matti Pekka
    """),
    "dutch": listed("""
        Jan Anna Pieter Sanne Johannes Emma Hendrik Lotte Willem Femke Bram Fleur Daan Anouk Sander Marieke
        Jeroen Saskia Maarten Esther Thijs Ilse Ruud Wilma Joost Hanneke Niels Roos Gijs Mieke
    """),
    "irish": listed("""
        Patrick Siobhan Sean Aoife Liam Niamh Conor Caitlin Brendan Maeve Declan Saoirse Kieran Deirdre Eamon
        Fiona Colm Sinead Ronan Bridget Cormac Roisin Padraig Grainne Finn Orla
    """),
    "portuguese": listed("""
        João Maria Paulo Ana Pedro Beatriz Tiago Mariana Gonçalo Inês Rui Catarina André Fernanda Luís Luana
        Felipe Juliana Thiago Larissa Vinícius Letícia Caio Camila Rodrigo Conceição Nuno Joana
    """),
}

# English given names fall off slowly: the commonest is about one person in a hundred, as in public birth tables.
_FLATNESS = 25.0
# Most formal names of the nicknames package are our great-grandparents': all of them together are one person in twenty.
_RARE_WEIGHT = 0.00016


@cache
def given_names(culture: str) -> Drawn[str]:
    weighted = zipf(GIVEN_NAMES[culture], flatness=_FLATNESS)
    if culture == "english":
        weighted += [(name, _RARE_WEIGHT) for name in _rare_english_names()]
    return Drawn(weighted)


def _rare_english_names() -> tuple[str, ...]:
    """The formal names the nicknames package knows and the list above does not."""
    known = {name.lower() for name in GIVEN_NAMES["english"]}
    return tuple(sorted(name.title() for name in NickNamer.default_lookup() if name not in known and name.isalpha()))


@cache
def short_forms(given_name: str) -> tuple[str, ...]:
    """What this person's friends say, if anything. Sorted, so that a seed means the same every day."""
    return tuple(form.title() for form in sorted(_short_forms().get(given_name.lower(), ())) if len(form) > 2)


@cache
def _short_forms() -> dict[str, set[str]]:
    return NickNamer.default_lookup()
